import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { HubError } from '../errors.ts';
import { noTracing, type Tracer } from '../tracing.ts';
import type { Route, RouteAuth, RouteCaller } from './route.ts';
import type { Asking, SeenRequest } from './seen.ts';

export type RawInput<C> = {
  caller: C;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  requestId: string;
};

/** How a route answers on the connection itself, past Request and Response: for the few where every microsecond counts. */
export type RawHandler<C> = {
  /** Answers, whole; resolves when the answer has ended. */
  handle(input: RawInput<C>): Promise<void>;
  /** Writes what went wrong before an answer began, in the words of the route's own protocol. */
  refuse(error: unknown, outgoing: ServerResponse, requestId: string): void;
};
export type RawRoute<C> = Route<C> & { raw: RawHandler<C> };
export const isRaw = <C>(route: Route<C>): route is RawRoute<C> => route.raw !== undefined;

export type RawOptions<C extends RouteCaller> = {
  resolve(request: Asking, ip: string): Promise<C>;
  allow(caller: C, auth: RouteAuth): void;
  checkOrigin(request: Asking, caller: C): void;
  observe(method: string, route: string, status: number, seconds: number): void;
  seen?(request: SeenRequest): void;
  /** Throws when one asks too often. */
  guard(caller: C | undefined, ip: string): void;
  headers: Readonly<Record<string, string>>;
  onRefused(route: Route<C>, request: Asking, caller: C | undefined, ip: string, error: unknown): void;
  /** Hears of what is no refusal; answers what the caller is told. */
  onError(error: unknown, requestId: string, route: Route<C>): unknown;
  tracer?: Tracer;
  clock: Clock;
};

const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;

/** Serves raw routes with the same checks, limits and headers as every other; false for a request that is none of theirs. */
export function createRaw<C extends RouteCaller>(
  routes: readonly RawRoute<C>[],
  options: RawOptions<C>,
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const table = new Map(routes.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route]));
  const fixed = Object.entries(options.headers);
  const { span } = options.tracer ?? noTracing;

  async function answer(
    route: RawRoute<C>,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    request: Asking,
  ): Promise<void> {
    const given = incoming.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    const ip = incoming.socket.remoteAddress ?? '';
    for (const [name, value] of fixed) outgoing.setHeader(name, value);
    outgoing.setHeader('x-request-id', requestId);
    outgoing.setHeader('cache-control', 'no-store');
    let caller: C | undefined;
    try {
      caller = await options.resolve(request, ip).catch((error: unknown) => {
        options.onRefused(route, request, undefined, ip, error);
        options.guard(undefined, ip);
        throw error;
      });
      options.guard(caller, ip);
      options.allow(caller, route.auth);
      options.checkOrigin(request, caller);
      refuseQuery(incoming.url ?? '');
      await route.raw.handle({ caller, incoming, outgoing, requestId });
    } catch (error) {
      if (caller) options.onRefused(route, request, caller, ip, error);
      const told = error instanceof HubError ? error : options.onError(error, requestId, route);
      // What has not been read of the body would be taken for the next request.
      if (outgoing.headersSent) return void outgoing.destroy();
      if (!incoming.complete) outgoing.setHeader('connection', 'close');
      route.raw.refuse(told, outgoing, requestId);
    }
  }

  return (incoming, outgoing) => {
    const url = incoming.url ?? '';
    const end = url.indexOf('?');
    const route = table.get(`${incoming.method} ${end === -1 ? url : url.slice(0, end)}`);
    if (route === undefined) return false;
    const started = options.clock.monotonic();
    const request = asAsking(incoming);
    void span(
      `${incoming.method} ${route.path}`,
      { 'http.request.method': incoming.method, 'http.route': route.path },
      async (open) => {
        await answer(route, incoming, outgoing, request);
        const { statusCode } = outgoing;
        open.set({ 'http.response.status_code': statusCode });
        if (statusCode >= 500) open.fail(String(statusCode));
        options.observe(incoming.method ?? '', route.path, statusCode, (options.clock.monotonic() - started) / 1000);
        options.seen?.({
          ...{ method: incoming.method ?? '', route: route.path, status: statusCode, target: url },
          ip: incoming.socket.remoteAddress ?? '',
          header: (name) => textOf(incoming.headers[name.toLowerCase()]),
        });
      },
      { kind: 'server', parent: request.headers },
    );
    return true;
  };
}

/** The query says nothing on these routes, but that Anthropic's client writes `beta=true` there. */
function refuseQuery(url: string): void {
  const at = url.indexOf('?');
  if (at === -1) return;
  for (const name of new URLSearchParams(url.slice(at)).keys()) {
    if (name === 'beta') continue;
    const field = `query.${name.slice(0, 64)}`;
    throw new HubError('invalid', `${field}: is not known here`, { fields: [{ field, reason: 'is not known here' }] });
  }
}

/** What the checks look at: the method, the address and the headers. */
function asAsking(incoming: IncomingMessage): Asking {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    const text = textOf(value);
    if (text !== undefined) headers.set(name, text);
  }
  return {
    method: incoming.method ?? 'GET',
    headers,
    get url() {
      // A Host that is none is no reason to end: nothing here depends on it.
      const base = `http://${incoming.headers.host ?? 'localhost'}`;
      return new URL(incoming.url ?? '/', URL.canParse(base) ? base : 'http://localhost').href;
    },
  };
}

const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;
