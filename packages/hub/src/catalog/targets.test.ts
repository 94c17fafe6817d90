import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { createOutbound } from '../platform/outbound.ts';
import { discover } from './discover.ts';

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});

/** An instance on loopback, whether it was asked, and a catalog's way to it where private addresses are not allowed. */
async function forbidden() {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end('{"status":"healthy","secret":"SECRET-CANARY"}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  cleanUp.push(() => server.close());
  const outbound = createOutbound({ clock: systemClock, allowPrivate: false });
  cleanUp.push(outbound.close);
  return { port: (server.address() as AddressInfo).port, outbound, asked: () => asked };
}

it.each([
  '127.0.0.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '127.1',
  '[::ffff:127.0.0.1]',
  '[::1]',
  '[::]',
  '0',
  '127.0.0.1.',
  'LOCALHOST',
  '%6c%6f%63alhost',
  '①②⑦.⓪.⓪.①',
  'u:p@127.0.0.1',
  '[64:ff9b::7f00:1]',
])('an instance at %s is not asked what it is', async (host) => {
  const { port, outbound, asked } = await forbidden();
  await expect(discover({ hubUrl: `http://${host}:${port}/` }, outbound)).rejects.toMatchObject({
    code: 'unprocessable',
    message: expect.stringContaining('network.allowPrivate'),
  });
  const { warnings } = await discover({ hubUrl: `http://${host}:${port}/`, slug: 'given' }, outbound);
  expect(warnings.join()).toContain('network.allowPrivate');
  expect(asked()).toBe(0);
});

it('what an instance answers is not told: neither its values nor the names it gives them', async () => {
  const server = createServer((_, response) =>
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ project: 'SECRET-CANARY value', endpoints: { 'SECRET-CANARY name': 7 }, tools: 7 })),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  cleanUp.push(() => server.close());
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
  cleanUp.push(outbound.close);
  const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const found = await discover({ hubUrl, slug: 'given' }, outbound);
  expect(found.warnings.join()).toMatch(/api\/capabilities is not understood/);
  expect(JSON.stringify(found)).not.toContain('SECRET-CANARY');
});
