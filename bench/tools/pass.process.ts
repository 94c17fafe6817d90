import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

/** The least that a gateway in Node can do: undici to the provider, bytes passed as they come, nothing looked at and nothing kept. */
const [target = ''] = process.argv.slice(2);
const pool = new Pool(target, { connections: 512, pipelining: 1 });
const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (data: Buffer) => chunks.push(data));
  incoming.on('end', () => {
    pool.dispatch(
      {
        path: incoming.url ?? '/',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Buffer.concat(chunks),
      },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, status, headers) =>
          void outgoing.writeHead(status, { 'content-type': String(headers['content-type']) }),
        onResponseData: (_, data) => void outgoing.write(data),
        onResponseEnd: () => void outgoing.end(),
        onResponseError: () => void outgoing.destroy(),
      },
    );
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
