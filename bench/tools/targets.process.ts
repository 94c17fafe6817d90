import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Targets in a process of their own, so that what they cost is not counted: `/t/<n>`. Those from `hanging` on never answer. A message
 * `{fail: n}` makes one fail from now on; the answer says when that was, on this process's clock.
 */
const [hangingFrom = '-1'] = process.argv.slice(2);
const failing = new Set<number>();
const BODY = JSON.stringify({ status: 'healthy', checks: { database: true }, version: '1' });
let served = 0;

const server = createServer((request, response) => {
  const index = Number(/^\/t\/(\d+)/.exec(request.url ?? '')?.[1] ?? -1);
  served++;
  if (Number(hangingFrom) >= 0 && index >= Number(hangingFrom)) return;
  const status = failing.has(index) ? 503 : 200;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': BODY.length }).end(BODY);
});
server.keepAliveTimeout = 100;
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
process.on('message', (message: { fail?: number; count?: true }) => {
  if (message.count) process.send?.({ served });
  if (message.fail === undefined) return;
  failing.add(message.fail);
  process.send?.({ failed: message.fail, at: Date.now() });
});
process.on('disconnect', () => process.exit(0));
