import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import { ERROR_CODES, fieldErrors, HubError, toProblem } from '../errors.ts';
import type { Log } from '../log.ts';
import { isOutage } from '../outage.ts';
import { noTracing, type Tracer } from '../tracing.ts';
import { readJson, readQuery } from './body.ts';
import { inEnvelope, isEnveloped } from './envelope.ts';
import { openFilesLimit } from './files.ts';
import { securityHeaders } from './headers.ts';
import { createCrowd, createRateLimit } from './limits.ts';
import { createPages } from './pages.ts';
import { createRaw, isRaw } from './raw.ts';
import type { Refusal } from './refusal.ts';
import type { Route, RouteAuth, RouteCaller } from './route.ts';
import type { Asking, SeenRequest } from './seen.ts';
import { bindConnection } from './sse.ts';
import { followTls, readTls, secureOptions, type TlsFiles } from './tls.ts';

export type HttpOptions<C extends RouteCaller> = {
  routes: readonly Route<C>[];
  /** Who calls; throws `unauthorized` for a key or a session that is not good. */
  resolve(request: Asking, ip: string): Promise<C>;
  /** Throws when the caller may not use a route of this kind. */
  allow(caller: C, auth: RouteAuth): void;
  /** Throws when a page of another origin is behind a request that changes something. */
  checkOrigin(request: Asking, caller: C): void;
  /** Hears of every request that was refused with 401, 403 or 404; must not wait for anything. */
  refused?(refusal: Refusal<C>): void;
  /** Runs what changes something, and sees to it that it is on record. */
  onRecord?<T>(caller: C, change: Change, work: () => Promise<T>): Promise<T>;
  /** The answer without what does not exist for the caller; throws for one that should not have been made. */
  shownTo?(caller: C, answer: unknown): unknown;
  /** Counts an answer: method, route template, status, seconds. */
  observe(method: string, route: string, status: number, seconds: number): void;
  /** Looks at an answered request; must not wait for anything. */
  seen?(request: SeenRequest): void;
  /** One span for each request; none unless given. */
  tracer?: Tracer;
  pagesDir: string;
  https: boolean;
  log: Log;
  clock: Clock;
};

/** A request that changes something; `rehearsed`, asked afterwards, says whether it was a dry run. */
export type Change = { method: string; route: string; params: unknown; rehearsed(): boolean };
export type App = Hono<{ Bindings: HttpBindings }> & {
  /** Takes what raw routes answer; false for every other request. */
  raw?: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
};
export type HttpServer = {
  url: string;
  port: number;
  mount(app: App, closing: () => void): void;
  stop(): Promise<void>;
};

const ANONYMOUS_PER_MINUTE = 600;
const KNOWN_PER_MINUTE = 12_000;
/** Raw routes are for programs that ask all the time; what those may use is limited elsewhere. */
const RAW_PER_MINUTE = 600_000;
/** What the runtime holds for a client that does not read, on each of two levels; its own measure is 64 KiB, and there may be a thousand of them. */
const SOCKET_BUFFER = 4 * 1024;
const MAX_CONNECTIONS = 4000;
/** Of all descriptors that the process may have: the rest is for the database and for probing. */
const CONNECTIONS_SHARE = 0.5;
const OUTAGE_LOG_MS = 5000;
/** Bodies of one caller that are read and worked on at once: what one sends must not fill the memory, nor the others' time. */
const BODIES_AT_ONCE = 32;
const API = /^\/(api|ops|admin\/system|v1|mcp|assets)(\/|$)/;
const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;

/** No name, id or word of ours holds NUL, and PostgreSQL takes none in a text. */
function refuseNul(values: Readonly<Record<string, string | readonly string[]>>, at: string): void {
  for (const [name, value] of Object.entries(values)) {
    if (![value].flat().some((text) => text.includes('\0'))) continue;
    const field = [at, name].filter(Boolean).join('.');
    const reason = 'must not hold a NUL character';
    throw new HubError('invalid', `${field}: ${reason}`, { fields: [{ field, reason }] });
  }
}

function parse(schema: z.ZodType | undefined, value: unknown, at: string): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = fieldErrors(result.error.issues, at);
  throw new HubError(
    'invalid',
    fields
      .map((f) => `${f.field}: ${f.reason}`)
      .join('; ')
      .slice(0, 2000),
    { fields },
  );
}

/** Under these nobody who is known changes anything: what programs push and what a model is asked have records of their own. */
const NO_CHANGE: ReadonlySet<RouteAuth> = new Set<RouteAuth>(['public', 'ingest', 'cron', 'ai:run', 'leads:view']);

/** Whether a success of the route must be on record. */
const isOnRecord = (route: Route<never>): boolean =>
  route.method !== 'get' && route.unaudited === undefined && !NO_CHANGE.has(route.auth);

const isRehearsal = (input: unknown): boolean => (input as { dryRun?: unknown } | undefined)?.dryRun === true;

const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404]);

function tellRefused<C extends RouteCaller>(
  options: HttpOptions<C>,
  route: Route<C>,
  request: Asking,
  caller: C | undefined,
  ip: string,
  error: unknown,
): void {
  if (!options.refused || !(error instanceof HubError)) return;
  const [status] = ERROR_CODES[error.code];
  if (!REFUSALS.has(status)) return;
  options.refused({
    caller,
    ip,
    method: request.method,
    route: route.path,
    auth: route.auth,
    status: status as Refusal<C>['status'],
    detail: error.message,
    named: route.params !== undefined,
    asked: new URL(request.url).pathname,
  });
}

/** How an error is told: as problem details, and under one prefix in the envelope that everything there is told in. */
function problemResponse(error: unknown, requestId: string, pathname: string): Response {
  const problem = toProblem(error, requestId);
  const enveloped = isEnveloped(pathname);
  const headers: Record<string, string> = {
    'content-type': enveloped ? 'application/json' : 'application/problem+json',
    'cache-control': 'no-store',
  };
  if (error instanceof HubError && error.retryAfter !== undefined) headers['retry-after'] = String(error.retryAfter);
  if (problem.status === 401) headers['www-authenticate'] = 'Bearer realm="orrery"';
  return new Response(JSON.stringify(enveloped ? inEnvelope(problem) : problem), { status: problem.status, headers });
}

const databaseAway = () =>
  new HubError(
    'unavailable',
    'The database cannot be reached or written just now, and nothing was stored; try again.',
    {
      retryAfter: 2,
    },
  );

/** The web application: every route behind the same limits, checks and headers; what no route knows is the console's page or a 404. */
export function createApp<C extends RouteCaller>(options: HttpOptions<C>): App {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const limit = createRateLimit(options.clock);
  const crowd = createCrowd(BODIES_AT_ONCE);
  const fixed = Object.entries(securityHeaders(options.https));
  const pages = createPages(options.pagesDir);

  const { span } = options.tracer ?? noTracing;
  type Work = (requestId: string, ip: string) => Promise<Response>;
  const answer = (c: Context<{ Bindings: HttpBindings }>, template: string, work: Work): Promise<Response> => {
    const { method, raw } = c.req;
    return span(
      `${method} ${template}`,
      { 'http.request.method': method, 'http.route': template },
      async (open) => {
        const response = await respond(c, template, work);
        const requestId = response.headers.get('x-request-id') ?? undefined;
        open.set({ 'http.response.status_code': response.status, 'orrery.request_id': requestId });
        if (response.status >= 500) open.fail(String(response.status));
        return response;
      },
      { kind: 'server', parent: raw.headers },
    );
  };

  async function respond(c: Context<{ Bindings: HttpBindings }>, template: string, work: Work): Promise<Response> {
    const started = options.clock.monotonic();
    const given = c.req.header('x-request-id') ?? '';
    const requestId = REQUEST_ID.test(given) ? given : randomUUID();
    const ip = c.env.incoming?.socket?.remoteAddress ?? '';
    let response: Response;
    try {
      response = await work(requestId, ip);
    } catch (error) {
      const away = isOutage(error);
      if (away) logOutage(error, template);
      else if (!(error instanceof HubError))
        options.log.error({ err: error, requestId, method: c.req.method, route: template }, 'a request failed');
      response = problemResponse(away ? databaseAway() : error, requestId, new URL(c.req.url).pathname);
    }
    // Nobody reads the body of a HEAD: a stream behind it would go on for ever.
    if (c.req.raw.method === 'HEAD') await response.body?.cancel();
    for (const [name, value] of fixed) if (!response.headers.has(name)) response.headers.set(name, value);
    response.headers.set('x-request-id', requestId);
    options.observe(c.req.method, template, response.status, (options.clock.monotonic() - started) / 1000);
    options.seen?.({
      ...{ method: c.req.method, route: template, status: response.status, ip },
      target: c.env.incoming?.url ?? '/',
      header: (name) => c.req.header(name),
    });
    options.log.debug(
      {
        requestId,
        method: c.req.method,
        route: template,
        status: response.status,
        ms: Math.round(options.clock.monotonic() - started),
      },
      'answered',
    );
    return response;
  }

  // Thousands of requests may fail for this one reason: it is said once in a while.
  let outageLogged = Number.NEGATIVE_INFINITY;
  function logOutage(error: unknown, route: string): void {
    const now = options.clock.monotonic();
    if (now - outageLogged < OUTAGE_LOG_MS) return;
    outageLogged = now;
    options.log.error({ err: error, route }, 'the database cannot be reached or written; requests are put off');
  }

  const guard = (key: string, perMinute: number) => {
    const verdict = limit(key, perMinute);
    if (!verdict.ok)
      throw new HubError('rate_limited', `Too many requests; try again in ${verdict.retryAfter} s.`, {
        retryAfter: verdict.retryAfter,
      });
  };

  /** Reads the body and answers, when the caller has not too much under way already. */
  async function admitted<T>(who: string, work: () => Promise<T>): Promise<T> {
    const leave = crowd.enter(who);
    if (!leave)
      throw new HubError('rate_limited', `More than ${BODIES_AT_ONCE} requests at once; try again in a second.`, {
        retryAfter: 1,
      });
    try {
      return await work();
    } finally {
      leave();
    }
  }

  for (const route of options.routes.filter((one) => !isRaw(one))) {
    const path = route.path.replace(/\{(\w+)\}/g, ':$1');
    app.on(route.method.toUpperCase(), path, (c) =>
      answer(c, route.path, async (requestId, ip) => {
        const request = c.req.raw;
        if (c.env.outgoing) bindConnection(request, c.env.outgoing);
        let caller: C | undefined;
        try {
          caller = await options.resolve(request, ip).catch((error: unknown) => {
            tellRefused(options, route, request, undefined, ip, error);
            guard(`bad:${ip}`, 120);
            throw error;
          });
          return await perform(route, c.req.param(), request, requestId, caller, ip);
        } catch (error) {
          if (caller) tellRefused(options, route, request, caller, ip, error);
          throw error;
        }
      }),
    );
  }

  /** Limits, permission, origin, input, and then the route's own work. */
  async function perform(
    route: Route<C>,
    named: Record<string, string>,
    request: Request,
    requestId: string,
    caller: C,
    ip: string,
  ): Promise<Response> {
    const who = caller.kind === 'anonymous' ? `ip:${ip}` : `${caller.kind}:${caller.id}`;
    guard(who, caller.kind === 'anonymous' ? ANONYMOUS_PER_MINUTE : KNOWN_PER_MINUTE);
    if (route.perMinute !== undefined) guard(`${route.method} ${route.path} ${who}`, route.perMinute);
    options.allow(caller, route.auth);
    options.checkOrigin(request, caller);
    const asked = readQuery(new URL(request.url));
    refuseNul(named, '');
    refuseNul(asked, 'query');
    const params = parse(route.params, named, '');
    const query = parse(route.query, asked, 'query');
    let rehearsed = isRehearsal(query);
    const handle = async () => {
      const body = route.body ? parse(route.body, await readJson(request, route), 'body') : undefined;
      rehearsed ||= isRehearsal(body);
      const input = { caller, params, query, body, request, requestId };
      return route.handle(input as Parameters<typeof route.handle>[0]);
    };
    const work = () => (route.body ? admitted(who, handle) : handle());
    const result = await (options.onRecord && isOnRecord(route)
      ? options.onRecord(
          caller,
          { method: route.method.toUpperCase(), route: route.path, params, rehearsed: () => rehearsed },
          work,
        )
      : work());
    if (result instanceof Response)
      return new Response(result.body, { status: result.status, headers: new Headers(result.headers) });
    if (route.status === 204) return new Response(null, { status: 204 });
    const known = options.shownTo !== undefined && route.auth !== 'public' && !route.echoes;
    return new Response(JSON.stringify(known ? options.shownTo?.(caller, result) : result), {
      status: route.status ?? 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    });
  }

  const methodsOf = new Map<string, string[]>();
  for (const route of options.routes)
    methodsOf.set(route.path, [...(methodsOf.get(route.path) ?? []), route.method.toUpperCase()]);
  for (const [path, methods] of methodsOf)
    app.all(path.replace(/\{(\w+)\}/g, ':$1'), (c, next) => {
      // A page of the console may stand where a form is sent to.
      if (!API.test(path) && (c.req.method === 'GET' || c.req.method === 'HEAD')) return next();
      return answer(c, path, async (requestId) => {
        const response = problemResponse(
          new HubError('method', `${path} answers ${methods.join(', ')} only.`),
          requestId,
          path,
        );
        response.headers.set('allow', methods.join(', '));
        return response;
      });
    });

  app.all('*', (c) =>
    answer(c, '(page)', async (_requestId, ip) => {
      const { pathname } = new URL(c.req.url);
      if (c.req.method !== 'GET' && c.req.method !== 'HEAD')
        throw new HubError('not_found', 'No such route; /openapi.json lists all of them.');
      guard(`page:${ip}`, KNOWN_PER_MINUTE);
      const asset = pages.asset(c.req.raw, pathname);
      if (asset) return asset;
      if (API.test(pathname)) throw new HubError('not_found', 'No such route; /openapi.json lists all of them.');
      return pages.page();
    }),
  );
  const raw = createRaw(options.routes.filter(isRaw), {
    ...options,
    headers: securityHeaders(options.https),
    guard(caller, ip) {
      if (caller === undefined) guard(`bad:${ip}`, 120);
      else if (caller.kind === 'anonymous') guard(`ip:${ip}`, ANONYMOUS_PER_MINUTE);
      else guard(`raw ${caller.kind}:${caller.id}`, RAW_PER_MINUTE);
    },
    onRefused: (route, request, caller, ip, error) => tellRefused(options, route, request, caller, ip, error),
    onError(error, requestId, route) {
      const away = isOutage(error);
      if (away) logOutage(error, route.path);
      else options.log.error({ err: error, requestId, method: route.method, route: route.path }, 'a request failed');
      return away ? databaseAway() : error;
    },
  });
  return Object.assign(app, { raw });
}

/**
 * Takes the port at once, so that the address is known, and answers 503 until an application is mounted. `stop` ends streams through
 * `closing`, lets answers under way finish for up to five seconds, then cuts what is left.
 */
export async function listen(options: {
  host: string;
  port: number;
  /** HTTPS alone, by these files, which are read again when they change. */
  tls?: { files: TlsFiles; log: Log };
}): Promise<HttpServer> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  let app: App | undefined;
  let closing: () => void = () => undefined;
  const starting = (url: string) =>
    problemResponse(
      new HubError('unavailable', 'The hub is starting.', { retryAfter: 1 }),
      randomUUID(),
      new URL(url).pathname,
    );
  // What turns a connection into a request brings 6 MiB of fetch with it: it is read with the first one, and a hub that nobody asks lives without.
  let others: Promise<(incoming: IncomingMessage, outgoing: ServerResponse) => unknown> | undefined;
  const loadOthers = () =>
    import('@hono/node-server').then(({ getRequestListener }) =>
      getRequestListener((request, env) => (app ? app.fetch(request, env) : starting(request.url)), {
        hostname: options.host,
        overrideGlobalObjects: false,
      }),
    );
  const server = options.tls
    ? createTlsServer({ highWaterMark: SOCKET_BUFFER, ...secureOptions(readTls(options.tls.files)) })
    : createServer({ highWaterMark: SOCKET_BUFFER });
  // Raw routes come first, on the connection itself.
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (app?.raw?.(incoming, outgoing)) return;
    others ??= loadOthers();
    others.then(
      (answer) => answer(incoming, outgoing),
      // No file could be opened: the next one tries again.
      () => {
        others = undefined;
        incoming.destroy();
      },
    );
  });
  server.listen(options.port, options.host, () => resolve(server.address() as AddressInfo));
  // It stays: a connection that could not be accepted later on is no reason to end.
  server.on('error', (error: NodeJS.ErrnoException) => {
    const inUse = error.code === 'EADDRINUSE';
    reject(
      inUse
        ? new HubError(
            'conflict',
            `Port ${options.port} on ${options.host} is in use. Stop what listens there, or choose another with --port or ORRERY_PORT (0 takes a free one).`,
          )
        : error,
    );
  });
  server.requestTimeout = 60_000;
  server.headersTimeout = 15_000;
  server.keepAliveTimeout = 30_000;
  server.maxHeadersCount = 100;
  server.maxConnections = Math.min(MAX_CONNECTIONS, Math.floor(openFilesLimit() * CONNECTIONS_SHARE));
  const { port, family, address } = await promise;
  const unfollow = options.tls
    ? followTls(server as unknown as TlsServer, options.tls.files, options.tls.log)
    : () => undefined;
  const scheme = options.tls ? 'https' : 'http';
  const shown = family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `${scheme}://${shown === '0.0.0.0' || shown === '[::]' ? '127.0.0.1' : shown}:${port}`,
    port,
    mount(application, onClosing) {
      app = application;
      closing = onClosing;
    },
    async stop() {
      unfollow();
      closing();
      const closed = new Promise<void>((done) => server.close(() => done()));
      // A connection whose last answer has just ended is idle now, and its client would keep it open for as long as it may.
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const timer = setTimeout(() => server.closeAllConnections(), 5000);
      await closed;
      clearInterval(idle);
      clearTimeout(timer);
    },
  };
}
