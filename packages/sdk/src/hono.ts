import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Instance } from './instance.ts';
import { byteCounter } from './node-bridge.ts';
import { ask } from './shared.ts';
import { UNMATCHED, type Who } from './tracer.ts';

export type HonoOptions = {
  /** Whose request it is; becomes the platform tag. Asked when the answer is ready. */
  who?: (c: Context) => Who | undefined;
};

/**
 * Serves the SDK's routes and traces every other request: `app.use(orrery(instance))`, before the app's own routes.
 * On `@hono/node-server` a request ends when its last byte is written; elsewhere when its answer is ready to be sent.
 */
export function orrery(instance: Instance, options: HonoOptions = {}): MiddlewareHandler {
  const { tracer } = instance;
  return async (c, next) => {
    if (instance.handles(c.req.path)) return instance.handle(c.req.raw);
    const started = performance.now();
    const node = nodeOf(c.env);
    const bytes = node ? byteCounter(node.incoming) : Number;
    const record = (status: number) =>
      tracer.record({
        method: c.req.method,
        route: templateOf(c),
        status,
        durationMs: performance.now() - started,
        bytes: bytes(c.res.headers.get('content-length')) || 0,
        ...ask(options.who, c),
      });
    if (node) node.outgoing.once('close', () => record(node.outgoing.writableFinished ? c.res.status : 499));
    await next();
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

/** What `@hono/node-server` gives to every request. */
function nodeOf(env: unknown): { incoming: IncomingMessage; outgoing: ServerResponse } | undefined {
  const { incoming, outgoing } = (env ?? {}) as { incoming?: IncomingMessage; outgoing?: ServerResponse };
  return incoming?.socket && outgoing && typeof outgoing.once === 'function' ? { incoming, outgoing } : undefined;
}
