import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { actorOf } from './attacks/index.ts';
import type { Instance } from './instance.ts';
import { byteCounter } from './node-bridge.ts';
import { ask } from './shared.ts';
import { UNMATCHED, type Who } from './tracer.ts';

export type HonoOptions = {
  /** Whose request it is; becomes the platform tag. Asked when the answer is ready. */
  who?: (c: Context) => Who | undefined;
  /** Who is behind a request, for counting what one does: an address or a user. By default the address, or what a proxy of the house saw. It leaves the process as an opaque token only. */
  actor?: (c: Context) => string | undefined;
};

/**
 * Serves the SDK's routes and traces every other request: `app.use(orrery(instance))`, before the app's own routes.
 * On `@hono/node-server` a request ends when its last byte is written; elsewhere when its answer is ready to be sent.
 */
export function orrery(instance: Instance, options: HonoOptions = {}): MiddlewareHandler {
  const { tracer, attacks, requests } = instance;
  return async (c, next) => {
    if (instance.handles(c.req.path)) return instance.handle(c.req.raw);
    const started = performance.now();
    const trace = requests.open();
    const node = nodeOf(c.env);
    const bytes = node ? byteCounter(node.incoming) : Number;
    const record = (status: number) => {
      const { method } = c.req;
      const route = templateOf(c);
      tracer.record({
        method,
        route,
        status,
        durationMs: performance.now() - started,
        bytes: bytes(c.res.headers.get('content-length')) || 0,
        trace,
        ...ask(options.who, c),
      });
      const header = (name: string) => c.req.header(name);
      const actor = ask(options.actor, c) ?? actorOf(node?.incoming.socket.remoteAddress, header('x-forwarded-for'));
      const target = node?.incoming.url ?? targetOf(c.req.raw.url);
      const seen = { method, route, status, target, header, actor };
      void bodyOf(c).then((body) => attacks.see({ ...seen, body }));
    };
    if (node) node.outgoing.once('close', () => record(node.outgoing.writableFinished ? c.res.status : 499));
    await requests.run(trace, next);
    if (!node) record(c.res.status);
    return undefined;
  };
}

/** The template of the handler that answered. A 404 that only middleware saw has none. */
function templateOf(c: Context): string {
  const answered = matchedRoutes(c)[c.req.routeIndex];
  if (!answered || (answered.method === 'ALL' && c.res.status === 404)) return UNMATCHED;
  return answered.path;
}

/** A body that the product has read already: Hono keeps it. Nobody reads it for our sake. */
async function bodyOf(c: Context): Promise<unknown> {
  const { json, text } = c.req.bodyCache as { json?: unknown; text?: unknown };
  try {
    const body = await (json ?? text);
    return typeof body === 'string' && body.length <= MAX_BODY ? bodyText(body, c.req.header('content-type')) : body;
  } catch {
    return undefined;
  }
}

const MAX_BODY = 65_536;

/** A body's text as what it says it is. */
function bodyText(text: string, type = ''): unknown {
  if (type.includes('json')) return JSON.parse(text);
  return type.includes('x-www-form-urlencoded') ? Object.fromEntries(new URLSearchParams(text)) : text;
}

/** The path and query of an absolute URL. */
const targetOf = (url: string): string => {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  return start === -1 ? '/' : url.slice(start);
};

/** What `@hono/node-server` gives to every request. */
function nodeOf(env: unknown): { incoming: IncomingMessage; outgoing: ServerResponse } | undefined {
  const { incoming, outgoing } = (env ?? {}) as { incoming?: IncomingMessage; outgoing?: ServerResponse };
  return incoming?.socket && outgoing && typeof outgoing.once === 'function' ? { incoming, outgoing } : undefined;
}
