import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  product: { slug: string; metrics: Record<string, unknown> },
) => void;

/** Ways in which a stranger's instance answers; every one but `healthy` is somebody's bad day. */
export const MOODS = {
  healthy(request, response, { slug, metrics }) {
    const path = request.url?.split('?')[0];
    if (path === '/api/metrics') return json(response, { site_key: slug, timestamp: now(), metrics });
    if (path === '/api/logs') return json(response, { entries: [] });
    if (path === '/api/capabilities')
      return json(response, {
        project: slug,
        name: slug,
        tools: [],
        endpoints: {},
        events: [],
        actions: [],
        version: '1.0.0',
      });
    json(response, healthy());
  },
  unhealthy: (_request, response) =>
    json(
      response,
      { ...healthy(), status: 'unhealthy', checks: { database: { ok: false, detail: 'no connection' } } },
      503,
    ),
  /** The connection is cut before an answer. */
  cut: (request) => void request.socket.destroy(),
  hang: () => undefined,
  /** Begins its headers and never ends them. */
  headhang: (request) => void request.socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/js'),
  /** Sends its headers and half of its answer. */
  midhang(_request, response) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
    response.write('{"status":"healthy","checks":{"database":tr');
  },
  /** A byte at a time, each well within any patience with a single read; never done. */
  slowloris(_request, response) {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 100);
    response.once('close', () => clearInterval(drip));
  },
  /** 512 MB, as fast as the reader takes them. */
  huge(_request, response) {
    response.writeHead(200, { 'content-type': 'application/json' });
    const piece = Buffer.alloc(65_536, 0x20);
    let left = 8192;
    const pour = () => {
      while (left-- > 0) if (!response.write(piece)) return void response.once('drain', pour);
      response.end();
    };
    pour();
  },
  /** 64 MB of spaces in 65 kB. */
  gzipbomb: (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(BOMB),
  badjson: (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"status": healthy, checks: {'),
  /** Promises more than it sends. */
  truncate(_request, response) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
    response.write('{"status":"healthy","checks":{"database":tr');
    setTimeout(() => response.destroy(), 20);
  },
  deepjson: (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('['.repeat(200_000) + ']'.repeat(200_000)),
  /** Numbers that are none, and keys that are traps: POISONED of them. */
  poison(request, response, { slug }) {
    if (!request.url?.startsWith('/api/metrics')) return json(response, healthy());
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(
        `{"site_key":${JSON.stringify(slug)},"timestamp":${JSON.stringify(now())},"metrics":{"good.value":42,"exact.enough":0.1234567890123456789012345678901234567890,"too.big":1e999,"too.small":-1e999,` +
          '"not.a.number":"NaN","infinite":"Infinity","negative.count":-1,"beyond.2p53":9007199254740993123,"forty.digits":1234567890123456789012345678901234567890,"__proto__":{"polluted":true},' +
          '"constructor":{"prototype":{"polluted":true}},"nested":{"a":1},"listed":[1],"nothing":null,"spaced key":1,"1starts.wrong":1}}',
      );
  },
  traps: (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(
        `{"status":"healthy","checks":{"__proto__":{"ok":true,"polluted":1},"constructor":true,"toString":true,"database":true},` +
          `"__proto__":{"polluted":true},"timestamp":${JSON.stringify(now())},"version":"1.0.0"}`,
      ),
  /** Ten thousand metrics, and one whose name is a megabyte. */
  flood(request, response, { slug }) {
    if (!request.url?.startsWith('/api/metrics')) return json(response, healthy());
    const metrics: Record<string, number> = { 'good.value': 42 };
    for (let n = 0; n < 10_000; n++) metrics[`label.${n}`] = n;
    metrics['m'.repeat(500_000)] = 1;
    json(response, { site_key: slug, timestamp: now(), metrics });
  },
} as const satisfies Record<string, Answer>;
export type Mood = keyof typeof MOODS;

/** How many values of a `poison` answer must not come to be. */
export const POISONED = 14;
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
const now = () => new Date().toISOString();
const healthy = () => ({ status: 'healthy', checks: { database: true }, timestamp: now(), version: '1.0.0' });
const json = (response: ServerResponse, body: unknown, status = 200) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export type FakeProduct = {
  url: string;
  mood: Mood;
  metrics: Record<string, unknown>;
  /** Every request it saw, on its own clock (ms). */
  hits: { at: number; path: string; mood: Mood }[];
  /** Connections that are open now, and the most that were at once. */
  connections: { open: number; most: number };
  stop(): Promise<void>;
};

/** An instance whose mood a test sets, with a log of what it was asked. */
export async function startProduct(slug: string, mood: Mood = 'healthy'): Promise<FakeProduct> {
  const server = createServer((request, response) => {
    product.hits.push({ at: performance.now(), path: request.url ?? '', mood: product.mood });
    response.on('error', () => undefined);
    MOODS[product.mood](request, response, { slug, metrics: product.metrics });
  }).listen(0, '127.0.0.1');
  server.on('connection', (socket) => {
    const { connections } = product;
    connections.open += 1;
    connections.most = Math.max(connections.most, connections.open);
    socket.once('close', () => {
      connections.open -= 1;
    });
  });
  await once(server, 'listening');
  const address = server.address();
  const product: FakeProduct = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    mood,
    metrics: { 'good.value': 42 },
    hits: [],
    connections: { open: 0, most: 0 },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return product;
}
