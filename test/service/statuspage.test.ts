import type { StatusPageView } from '@orrery/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { until } from '../services/until.ts';

let hub: RunningHub;
let product: FakeProduct;

beforeAll(async () => {
  product = await startProduct('veria');
  hub = await startHub({
    yaml: `projects:
  - slug: veria
    name: Veria
    hubUrl: ${product.url}
    services:
      - { name: api, probes: [{ kind: http, url: "${product.url}/api/health", interval: 1s, timeout: 900ms, failAfter: 1 }] }
      - { name: admin, probes: [{ kind: http, url: "${product.url}/api/health", interval: 1s, timeout: 900ms, failAfter: 1 }] }
statusPages:
  - slug: public
    title: Veria for everybody
    groups: [{ name: Shop, services: [{ service: veria/api, label: Checkout }] }]
network: { allowPrivate: true }
`,
  });
});
afterAll(async () => {
  await hub?.dispose();
  await product?.stop();
});

const anybody = () => createApi(hub.url);
const page = async () => anybody().read<StatusPageView>('/api/status/public');

test('anybody sees the chosen services, and what happens to them, and nothing of the others', async () => {
  await until(async () => (await page()).groups[0]?.services[0]?.status === 'up', {
    timeoutMs: 30_000,
    everyMs: 500,
    what: 'the service is up on the page',
  });
  product.mood = 'unhealthy';
  await until(async () => (await page()).incidents[0]?.status === 'open', {
    timeoutMs: 30_000,
    everyMs: 500,
    what: 'the page tells of the outage',
  });
  const view = await page();
  expect(view.status).toBe('down');
  expect(view.incidents[0]?.title).toBe('Checkout is unavailable');
  const { text } = await anybody().get('/status/public');
  expect(text).toContain('Checkout');
  for (const inside of [product.url, 'admin', 'veria/api', 'HTTP']) expect(text).not.toContain(inside);
}, 90_000);

test('the page is cached, and asks for no script', async () => {
  const first = await anybody().get('/status/public');
  expect(first.status).toBe(200);
  expect(first.headers.get('cache-control')).toMatch(/^public, max-age=\d+/);
  expect(first.headers.get('content-security-policy')).not.toContain('script-src');
  const etag = first.headers.get('etag') ?? '';
  const again = await fetch(`${hub.url}/status.css`);
  expect(again.headers.get('content-type')).toContain('text/css');
  expect(etag).toMatch(/^".+"$/);
});

test('a page that nobody declared is not there, whatever it is called', async () => {
  const answers = await Promise.all(
    ['veria', 'nothing', 'public%2f', 'PUBLIC', '..', '*'].map((slug) => anybody().get(`/api/status/${slug}`)),
  );
  for (const { status } of answers) expect(status).toBe(404);
  const bodies = answers.slice(0, 2).map(({ text }) => text.replace(/"[0-9a-f-]{36}"/g, '""'));
  expect(bodies[0]).toBe(bodies[1]);
});
