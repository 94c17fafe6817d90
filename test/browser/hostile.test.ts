import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { CLOUDEVENT_BATCH_TYPE } from '@orrery/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, sessionOf } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { owned } from '../services/in-page.ts';
import { until } from '../services/until.ts';

/** Threat 17: what a stranger's product says is shown as text, wherever it turns up. */
const PAYLOADS = [
  '<script>window.owned=1</script>',
  '<img src=x onerror="window.owned=1">',
  '"><svg onload=window.owned=1>',
  "'-alert(1)-'",
  'javascript:window.owned=1',
  '[click](javascript:window.owned=1)',
  '![x](https://canary.invalid/leak.png)',
  '<iframe srcdoc="<script>parent.owned=1</script>">',
  '<a href="javascript:window.owned=1">go</a>',
  '{{constructor.constructor("window.owned=1")()}}',
  '<style>@import "https://canary.invalid/x.css";</style>',
  '<math><mtext></mtext><mglyph><svg><mtext><textarea><path id="</textarea><img onerror=window.owned=1 src=1>">',
  '\u202Egnp.exe <b onmouseover=window.owned=1>',
  '<!--<img src="--><img src=x onerror=window.owned=1//">',
];
const KEY = 'key-of-the-hostile-product-0001';
let browser: Browser;
let server: Server;
let hub: RunningHub;

beforeAll(async () => {
  server = createServer((request, response) => {
    const json = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const timestamp = new Date().toISOString();
    const path = request.url?.split('?')[0];
    if (path === '/api/logs')
      return json({
        entries: PAYLOADS.map((message) => ({ at: timestamp, level: 'error', message, fields: { trap: message } })),
      });
    if (path === '/api/metrics')
      return json({ site_key: 'hostile', timestamp, metrics: { good: 1, text: PAYLOADS[1], [PAYLOADS[0] ?? '']: 5 } });
    if (path === '/api/capabilities')
      return json({
        project: 'hostile',
        name: PAYLOADS[1],
        tools: PAYLOADS,
        endpoints: { evil: 'javascript:alert(1)', page: '/x"onload=1' },
        events: PAYLOADS,
        actions: PAYLOADS,
        version: PAYLOADS[0],
      });
    const checks = Object.fromEntries(PAYLOADS.map((payload) => [payload, { ok: false, detail: payload }]));
    return json({ status: 'unhealthy', checks, timestamp, version: PAYLOADS[2] }, 503);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  [browser, hub] = await Promise.all([
    openBrowser(),
    startHub({
      env: ADMIN_ENV,
      yaml: `network: { allowPrivate: true }
projects:
  - slug: hostile
    name: ${JSON.stringify(PAYLOADS[1])}
    hubUrl: ${url}
    meshNs: hostile.mesh
    apiKey: ${KEY}
    tags: [${JSON.stringify(PAYLOADS[4])}]
    services: [{ name: api, probes: [{ kind: instance, interval: 1s, timeout: 500ms, failAfter: 1 }] }]
    thresholds: [{ metric: good, above: 0, title: ${JSON.stringify(PAYLOADS[0])}, recommendation: ${JSON.stringify(PAYLOADS[5])} }]
`,
    }),
  ]);
  const events = PAYLOADS.map((payload, n) => ({
    specversion: '1.0',
    id: `hostile-${n}`,
    source: payload,
    type: 'hostile.mesh.events.noise',
    data: { title: payload, message: payload },
  }));
  await fetch(`${hub.url}/api/fed/events`, {
    method: 'POST',
    headers: { 'content-type': CLOUDEVENT_BATCH_TYPE, 'x-api-key': KEY },
    body: JSON.stringify(events),
  });
  await until(async () => (await hub.api.read<{ items: unknown[] }>('/api/fed/alerts')).items.length >= 1, {
    timeoutMs: 15_000,
    what: 'alerts',
  });
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
  server?.closeAllConnections();
  server?.close();
});

test.each([
  ['/', 'Services'],
  ['/projects', 'hostile'],
  ['/projects/hostile', 'Services'],
  ['/projects/hostile?tab=metrics', 'good'],
  ['/projects/hostile?tab=metrics&as=table', 'good'],
  ['/projects/hostile?tab=logs', 'onerror'],
  ['/projects/hostile?tab=config', 'Declaration'],
  ['/alerts?status=all', 'Alerts'],
])('%s shows what a stranger sent as text', async (path, shows) => {
  const { page, troubles, close } = await openPage(browser, hub.url, { storageState: await session() });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(path);
  await page.getByText(shows).filter({ visible: true }).first().waitFor();
  // Hovering shows what hides in titles and tooltips.
  for (const element of await page.getByText('onerror').all())
    await element.hover({ timeout: 500, force: true }).catch(() => undefined);
  expect(await page.evaluate(owned)).toBeUndefined();
  expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
  expect(await page.locator('main script, main iframe, main img, main style').count()).toBe(0);
  expect(asked.filter((url) => !url.startsWith(hub.url))).toEqual([]);
  expect(troubles).toEqual([]);
  await close();
});

test('the open alert shows a hostile title as it was written', async () => {
  const { page, close } = await openPage(browser, hub.url, { storageState: await session() });
  await page.goto('/alerts?status=all');
  await page.getByText('<script>window.owned=1</script>').first().waitFor();
  await page.getByRole('link', { name: '<script>window.owned=1</script>' }).first().click();
  const panel = page.getByRole('complementary', { name: 'Alert' });
  await panel.getByText('[click](javascript:window.owned=1)').first().waitFor();
  expect(await page.evaluate(owned)).toBeUndefined();
  await close();
});

let kept: ReturnType<typeof sessionOf> | undefined;
const session = () => {
  kept ??= sessionOf(browser, hub.url);
  return kept;
};
