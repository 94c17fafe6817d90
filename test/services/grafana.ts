import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Annotation = {
  id: number;
  time: number;
  timeEnd: number;
  text: string;
  tags: string[];
  dashboardUID?: string | undefined;
};
export type GrafanaService = {
  url: string;
  annotations: Annotation[];
  /** Every request that changed something, with its headers and body. */
  changes: { method: string; headers: Record<string, unknown>; body: string }[];
  /** Answers everything with this status, or hangs; undefined: as Grafana does. */
  behave(next: number | 'hang' | undefined): void;
  close(): Promise<void>;
};

type Body = Partial<Record<'time' | 'timeEnd' | 'tags' | 'text' | 'dashboardUID', unknown>>;
const isTime = (value: unknown) => value === undefined || (Number.isInteger(value) && Number(value) > 1e12);
const isTags = (value: unknown) =>
  value === undefined || (Array.isArray(value) && value.every((tag) => typeof tag === 'string'));

/** The JSON types that Grafana asks for: times in milliseconds, tags a list of texts, a text that is not empty. */
function isRequest({ time, timeEnd, tags, text, dashboardUID }: Body, isPatch: boolean): boolean {
  const isText = typeof text === 'string' ? text !== '' : isPatch && text === undefined;
  const isUid = dashboardUID === undefined || typeof dashboardUID === 'string';
  return isText && isUid && isTime(time) && isTime(timeEnd) && isTags(tags);
}

/** Grafana's annotations API as its documentation describes it, on 127.0.0.1: authorization, JSON types, the tag search, the answers. */
export async function startGrafana(token: string): Promise<GrafanaService> {
  const annotations: Annotation[] = [];
  const changes: GrafanaService['changes'] = [];
  let behaviour: number | 'hang' | undefined;
  const answer = (response: ServerResponse, status: number, body: unknown) =>
    response
      .writeHead(status, { ...(status === 429 ? { 'retry-after': '7' } : {}), 'content-type': 'application/json' })
      .end(JSON.stringify(body));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    if (behaviour === 'hang') return undefined;
    if (behaviour !== undefined) return answer(response, behaviour, { message: 'secret inner answer' });
    if (request.headers.authorization !== `Bearer ${token}`)
      return answer(response, 401, { message: 'Invalid API key' });
    const url = new URL(request.url ?? '', 'http://grafana.test');
    const [, id] = /^\/api\/annotations(?:\/(\d+))?$/.exec(url.pathname) ?? [];
    if (!url.pathname.startsWith('/api/annotations')) return answer(response, 404, { message: 'Not found' });
    if (request.method === 'GET') {
      const tags = url.searchParams.getAll('tags');
      const found = annotations.filter((one) => tags.every((tag) => one.tags.includes(tag)));
      return answer(response, 200, found.slice(0, Number(url.searchParams.get('limit') ?? 100)));
    }
    if (request.headers['content-type'] !== 'application/json')
      return answer(response, 415, { message: 'unsupported media type' });
    const data = JSON.parse(body) as Partial<Annotation>;
    if (!isRequest(data, request.method === 'PATCH')) return answer(response, 400, { message: 'bad request data' });
    changes.push({ method: request.method ?? '', headers: request.headers, body });
    if (request.method === 'POST' && id === undefined) {
      const { time = Date.now(), timeEnd = time, tags = [], text = '', dashboardUID } = data;
      annotations.push({ id: annotations.length + 1, time, timeEnd, tags, text, dashboardUID });
      return answer(response, 200, { message: 'Annotation added', id: annotations.length });
    }
    const known = annotations.find((one) => one.id === Number(id));
    if (request.method !== 'PATCH' || known === undefined)
      return answer(response, 404, { message: 'Could not find annotation' });
    Object.assign(known, data);
    return answer(response, 200, { message: 'Annotation patched' });
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => answer(response, 400, { message: 'bad request data' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    annotations,
    changes,
    behave(next) {
      behaviour = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
