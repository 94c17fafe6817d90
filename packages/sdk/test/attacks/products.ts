import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { serve } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { orrery as expressOrrery } from '../../src/express.ts';
import { orrery as fastifyOrrery } from '../../src/fastify.ts';
import { orrery as honoOrrery } from '../../src/hono.ts';
import { createInstance, type Instance } from '../../src/index.ts';

export const FRAMEWORKS = ['express', 'fastify', 'hono'] as const;
export type Attacked = { slug: string; url: string; instance: Instance; stop(): Promise<void> };

/** The password that the products' sign-in takes. */
export const RIGHT = 'the-one-right-password-4711';

/** A small product on a framework: a search, files, a sign-in by JSON, and a route that limits. It reports to the hub. */
export async function startAttacked(
  framework: (typeof FRAMEWORKS)[number],
  hub: { url: string; key: string },
): Promise<Attacked> {
  const slug = `shop-${framework}`;
  const instance = createInstance({ project: slug, version: '1.0.0', hub: { ...hub, attacksEveryMs: 200 } });
  const product = await PRODUCTS[framework](instance);
  instance.start();
  return {
    ...{ slug, instance, url: product.url },
    async stop() {
      await instance.stop();
      await product.close();
    },
  };
}

const statusOf = (body: unknown): number =>
  (body as { password?: string } | undefined)?.password === RIGHT ? 200 : 401;

const PRODUCTS: Record<
  (typeof FRAMEWORKS)[number],
  (instance: Instance) => Promise<{ url: string; close(): Promise<void> }>
> = {
  async express(instance) {
    const app = express();
    app.use(expressOrrery(instance), express.json());
    app.get('/search', (_req, res) => void res.json([]));
    app.get('/files/:name', (_req, res) => void res.status(404).end());
    app.post('/login', (req, res) => void res.status(statusOf(req.body)).end());
    app.get('/limited', (_req, res) => void res.status(429).end());
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  },
  async fastify(instance) {
    const app = fastify({ forceCloseConnections: true });
    await app.register(fastifyOrrery, { instance });
    app.get('/search', async () => []);
    app.get('/files/:name', async (_request, reply) => reply.status(404).send());
    app.post('/login', async (request, reply) => reply.status(statusOf(request.body)).send());
    app.get('/limited', async (_request, reply) => reply.status(429).send());
    return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
  },
  async hono(instance) {
    const app = new Hono();
    app.use(honoOrrery(instance));
    app.get('/search', (c) => c.json([]));
    app.get('/files/:name', (c) => c.body(null, 404));
    app.post('/login', async (c) => c.body(null, statusOf(await c.req.json()) as 200));
    app.get('/limited', (c) => c.body(null, 429));
    return new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        resolve({
          url: `http://127.0.0.1:${port}`,
          close: () =>
            new Promise((done) => {
              server.close(() => done());
              (server as ReturnType<typeof createServer>).closeAllConnections();
            }),
        }),
      );
    });
  },
};

/** One request written byte by byte on a socket, as no client library would; the status of the answer. */
export function rawRequest(
  url: string,
  target: string,
  more: { method?: string; headers?: string[]; body?: string } = {},
): Promise<number> {
  const { hostname, port } = new URL(url);
  const { method = 'GET', headers = [], body = '' } = more;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `host: ${hostname}:${port}`,
    'connection: close',
    ...headers,
    ...(body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`]),
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)));
  });
}
