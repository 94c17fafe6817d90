import { problem } from './answers.ts';
import type { Instance } from './instance.ts';
import { ask } from './shared.ts';
import type { Who } from './tracer.ts';

type Handler<R extends Request, Context> = (request: R, context: Context) => Response | Promise<Response>;

export type NextOptions<R extends Request = Request> = {
  /** Whose request it is; becomes the platform tag. Asked when the answer is ready. */
  who?: (request: R) => Who | undefined;
  /** Who is behind a request, for counting what one does: an address or a user; Next.js itself does not say. It leaves the process as an opaque token only. */
  actor?: (request: R) => string | undefined;
};

/** The handlers of a catch-all route, `app/api/[...orrery]/route.ts`: `export const { GET, POST, HEAD } = orrery(instance)`. More specific routes of the product go first. */
export function orrery(instance: Instance) {
  const answer = async (request: Request): Promise<Response> =>
    (await instance.handle(request)) ?? problem(404, 'not_found', 'There is no such route.');
  return { GET: answer, HEAD: answer, POST: answer };
}

/** Traces one route handler: `export const GET = traced(instance, '/api/orders/[id]', async (request, context) => …)`. The time ends when the answer is ready. */
export function traced<R extends Request, Context>(
  instance: Instance,
  route: string,
  handler: Handler<R, Context>,
  options: NextOptions<R> = {},
): (request: R, context: Context) => Promise<Response> {
  return async (request, context) => {
    const started = performance.now();
    const trace = instance.requests.open();
    const record = (status: number, bytes: number) => {
      instance.tracer.record({
        method: request.method,
        route,
        status,
        durationMs: performance.now() - started,
        bytes,
        trace,
        ...ask(options.who, request),
      });
      const { pathname, search } = new URL(request.url);
      instance.attacks.see({
        method: request.method,
        route,
        status,
        target: pathname + search,
        header: (name) => request.headers.get(name) ?? undefined,
        actor: ask(options.actor, request),
      });
    };
    try {
      const response = await instance.requests.run(trace, () => handler(request, context));
      record(response.status, Number(response.headers.get('content-length')) || 0);
      return response;
    } catch (error) {
      record(thrownStatus(error), 0);
      throw error;
    }
  };
}

/** `redirect()` and `notFound()` of Next.js throw; the digest says which status they mean. */
function thrownStatus(error: unknown): number {
  const digest = (error as { digest?: unknown } | null | undefined)?.digest;
  if (typeof digest !== 'string') return 500;
  const status = /^NEXT_(?:REDIRECT;.*;|HTTP_ERROR_FALLBACK;)(\d{3})(?:;|$)/.exec(digest);
  return status ? Number(status[1]) : 500;
}

/** Next.js loads a module once for each bundle and again after each edit; this keeps one instance per process for all of them. */
export function sharedInstance(create: () => Instance): Instance {
  const home = globalThis as { [key: symbol]: Instance | undefined };
  const key = Symbol.for('orrery.instance');
  home[key] ??= create();
  return home[key];
}
