import type { Request, RequestHandler, Response } from 'express';
import { actorOf } from './attacks/index.ts';
import type { Instance } from './instance.ts';
import { answerNode, byteCounter, headerOf, pathOf } from './node-bridge.ts';
import { ask } from './shared.ts';
import { UNMATCHED, type Who } from './tracer.ts';

export type ExpressOptions = {
  /** Whose request it is; becomes the platform tag. Asked when the answer is finished. */
  who?: (req: Request, res: Response) => Who | undefined;
  /** The route's template where Express cannot tell it: a router mounted under a path with parameters of its own. */
  route?: (req: Request) => string | undefined;
  /** Who is behind a request, for counting what one does: an address or a user. By default `req.ip`, or what a proxy of the house saw. It leaves the process as an opaque token only. */
  actor?: (req: Request, res: Response) => string | undefined;
};

/** Serves the SDK's routes and traces every other request. Mount it first, before body parsers: `app.use(orrery(instance))`. */
export function orrery(instance: Instance, options: ExpressOptions = {}): RequestHandler {
  const { tracer, attacks, requests } = instance;
  return (req, res, next) => {
    const path = pathOf(req.originalUrl);
    if (instance.handles(path)) {
      const { rawBody } = req as { rawBody?: unknown };
      answerNode(instance, req.originalUrl, req, res, rawBody instanceof Uint8Array ? rawBody : undefined).catch(next);
      return;
    }
    const started = performance.now();
    const trace = requests.open();
    const bytes = byteCounter(req);
    res.on('close', () => {
      const { method } = req;
      const route = ask(options.route, req) ?? templateOf(req, path);
      const status = res.writableFinished ? res.statusCode : 499;
      tracer.record({
        method,
        route,
        status,
        durationMs: performance.now() - started,
        bytes: bytes(res.getHeader('content-length')),
        trace,
        ...ask(options.who, req, res),
      });
      attacks.see({
        method,
        route,
        status,
        target: req.originalUrl,
        header: (name) => headerOf(req, name),
        body: (req as { body?: unknown }).body,
        actor: () => ask(options.actor, req, res) ?? actorOf(req.ip, headerOf(req, 'x-forwarded-for')),
      });
    });
    requests.run(trace, next);
  };
}

/** `/orders/:id` from the matched route and the router it is mounted under. */
function templateOf(req: Request, path: string): string {
  const route: unknown = req.route?.path;
  if (route === undefined) return UNMATCHED;
  const own = Array.isArray(route) ? String(route[0]) : String(route);
  return `${mountOf(req.baseUrl, own, path)}${own === '/' && req.baseUrl !== '' ? '' : own}` || '/';
}

/** Express takes the mount path back when an error leaves a router; then it is what the path has before the route's own segments. */
function mountOf(baseUrl: string, own: string, path: string): string {
  if (baseUrl !== '') return maskIds(baseUrl);
  if (/[*{(\\]/.test(own)) return '';
  const before = segmentsOf(path) - segmentsOf(own);
  return before > 0 ? maskIds(`/${path.split('/').filter(Boolean).slice(0, before).join('/')}`) : '';
}

/** How many segments a path has; this runs on every request, so nothing is made of it. */
function segmentsOf(path: string): number {
  let count = 0;
  for (let at = 0; at < path.length; at++)
    if (path.charCodeAt(at) !== 0x2f && (at === 0 || path.charCodeAt(at - 1) === 0x2f)) count++;
  return count;
}

/** A mount path is concrete: what looks like an id in it becomes `:id`, or every tenant would be a route. */
function maskIds(path: string): string {
  return path
    .split('/')
    .map((segment) => (/^(?:\d+|[0-9a-f-]{16,}|.*\d.*\d.*\d.*|.{33,})$/i.test(segment) ? ':id' : segment))
    .join('/');
}
