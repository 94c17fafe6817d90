import type { Capabilities, Health } from '@orrery/protocol';
import type { Actions } from './actions.ts';
import { json, problem, text, unauthorized } from './answers.ts';
import type { HealthReport } from './health.ts';
import type { LogRing } from './logs.ts';
import { type MetricReader, toPrometheus } from './metrics.ts';

/** What one request may send; an action's parameters are small. */
export const MAX_BODY_BYTES = 262_144;

export type DoorParts = {
  basePath: string;
  health: () => Promise<HealthReport>;
  metrics: MetricReader;
  logs: LogRing;
  capabilities: Capabilities;
  actions: Actions;
  keyFits: (given: string | null) => boolean;
};

/** Answers the routes of an instance; undefined for a request that is the product's own. */
export function createDoor(parts: DoorParts) {
  const { basePath, keyFits } = parts;
  const routes: Record<
    string,
    { method: 'GET' | 'POST'; answer: (request: Request, url: URL) => Promise<Response> | Response }
  > = {
    '/health': { method: 'GET', answer: async (request) => healthAnswer(await parts.health(), keyed(request)) },
    '/metrics': { method: 'GET', answer: (request) => (keyed(request) ? metricsAnswer(request) : unauthorized()) },
    '/logs': { method: 'GET', answer: (request, url) => (keyed(request) ? logsAnswer(url) : unauthorized()) },
    '/capabilities': { method: 'GET', answer: () => json(200, parts.capabilities) },
    '/actions': { method: 'POST', answer: postAction },
  };
  const RUN = '/actions/';

  const keyed = (request: Request) => keyFits(request.headers.get('x-api-key'));

  async function metricsAnswer(request: Request): Promise<Response> {
    const read = await parts.metrics.read();
    const accept = request.headers.get('accept') ?? '';
    const wantsText = /text\/plain|openmetrics-text/.test(accept) && !accept.includes('application/json');
    return wantsText ? text(200, toPrometheus(read), 'text/plain; version=0.0.4; charset=utf-8') : json(200, read);
  }

  function logsAnswer(url: URL): Response {
    const result = parts.logs.read(url.searchParams);
    if (result.ok) return json(200, result.page);
    return problem(400, 'invalid', `${result.field} ${result.reason}`, {
      fields: [{ field: result.field, reason: result.reason }],
    });
  }

  async function postAction(request: Request): Promise<Response> {
    const body = await readBody(request);
    if (!body) return problem(413, 'too_large', `A request may hold ${MAX_BODY_BYTES} bytes.`);
    return parts.actions.post(request.headers, body);
  }

  return {
    /** Whether a path is one of ours, without looking at the method: cheap enough for every request of the product. */
    handles(pathname: string): boolean {
      if (!pathname.startsWith(basePath)) return false;
      const rest = pathname.slice(basePath.length);
      return Object.hasOwn(routes, rest) || (rest.startsWith(RUN) && isRunPath(rest));
    },
    async handle(request: Request): Promise<Response | undefined> {
      const url = new URL(request.url);
      if (!this.handles(url.pathname)) return undefined;
      const rest = url.pathname.slice(basePath.length);
      const route = Object.hasOwn(routes, rest) ? routes[rest] : undefined;
      const allowed = route?.method ?? 'GET';
      const { method } = request;
      if (method !== allowed && !(method === 'HEAD' && allowed === 'GET'))
        return problem(405, 'method_not_allowed', `This route answers ${allowed}.`, { headers: { allow: allowed } });
      try {
        if (route) return await route.answer(request, url);
        return keyed(request) ? await parts.actions.get(rest.slice(RUN.length)) : unauthorized();
      } catch (error) {
        parts.logs.write('error', `${method} ${url.pathname} failed`, { error });
        return problem(500, 'internal', 'Orrery could not answer; the log says why.');
      }
    },
  };
}

const isRunPath = (rest: string) => /^\/actions\/[A-Za-z0-9_-]{1,128}$/.test(rest);

/** Without the key a check is a boolean; why it failed and how long it took is for those who may know. */
function healthAnswer(report: HealthReport, detailed: boolean): Response {
  const { status, timestamp, version } = report;
  const checks: Health['checks'] = {};
  for (const [name, result] of Object.entries(report.checks)) checks[name] = detailed ? result : result.ok;
  const body: Health = { status, checks, timestamp, version };
  return json(status === 'unhealthy' ? 503 : 200, body);
}

/** The raw body; undefined when it is larger than allowed, which is noticed before it is all read. */
async function readBody(request: Request): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) return undefined;
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
