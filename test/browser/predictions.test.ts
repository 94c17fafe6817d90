import AxeBuilder from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { noise } from '../../packages/hub/src/detect/forecast/testing.ts';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf, type WatchedPage } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { until } from '../services/until.ts';

/** Predictions in the console: what will cross its limit stands first, and opens as a chart and as its equal table. */
const KEY = 'the-key-of-shop-32-bytes-or-more-';
const HOUR = 3_600_000;
let browser: Browser;
let hub: RunningHub;
let session: Session;
let open: WatchedPage;
let page: Page;

async function push(key: string, hours: number, value: (back: number) => number): Promise<void> {
  const samples = Array.from({ length: hours }, (_, back) => ({
    ...{ key, value: value(back), unit: '%', at: new Date(Date.now() - (back + 1) * HOUR).toISOString() },
  }));
  const answer = await fetch(`${hub.url}/api/fed/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': KEY },
    body: JSON.stringify({
      ...{ specversion: '1.0', id: key, source: 'shop', type: 'metrics.samples' },
      data: { projectSlug: 'shop', samples },
    }),
  });
  expect(answer.status).toBe(200);
}

beforeAll(async () => {
  browser = await openBrowser();
  hub = await startHub({
    env: ADMIN_ENV,
    yaml: `projects:
  - slug: shop
    name: Shop
    hubUrl: http://127.0.0.1:9
    apiKey: ${KEY}
    thresholds: [{ metric: disk.used, above: 90, severity: critical }]
`,
  });
  await push('cost.share', 14 * 24, (back) => 40 + 5 * Math.sin((2 * Math.PI * back) / 24) + noise(back));
  await push('disk.used', 21 * 24, (back) => 87 - 0.08 * back + 0.1 * noise(back));
  await push('memory.used', 20, () => 50);
  await hub.api.post('/ops/jobs/forecast.run/restart');
  await until(async () => (await hub.api.read<{ items: unknown[] }>('/api/forecasts')).items.length === 3, {
    timeoutMs: 30_000,
    what: 'the forecasts',
  });
  session = await sessionOf(browser, hub.url);
});
beforeEach(async () => {
  open = await openPage(browser, hub.url, { storageState: session });
  page = open.page;
});
afterEach(async () => {
  const { troubles } = open;
  await open.close();
  expect(troubles).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
});

test('what will cross its limit stands first; a link opens it as a chart and as a table', async () => {
  await page.goto('/predictions');
  const table = page.getByRole('table', { name: 'Series that are forecast' });
  await table.waitFor();
  const rows = await table.locator('tbody tr').allInnerTexts();
  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatch(/disk\.used[\s\S]*above 90% in about \d+ h/);
  expect(rows[1]).toMatch(/cost\.share[\s\S]*No limit declared/);
  expect(rows[2]).toMatch(/memory\.used[\s\S]*Not enough data: needs 168 hours, has \d+/);
  await table.getByRole('link', { name: 'disk.used' }).click();
  await page.getByRole('img', { name: /disk\.used: now .* in 72 hours/ }).waitFor();
  await page.getByText('critical above 90%').or(page.getByText('Others tried')).first().waitFor();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await page.getByText('Table', { exact: true }).click();
  await page.getByRole('table', { name: 'Hours ahead' }).waitFor();
  expect(await page.getByRole('table', { name: 'Hours ahead' }).locator('tbody tr[data-row]').count()).toBeGreaterThan(
    20,
  );
  expect(page.url()).toMatch(/series=\d+/);
  await page.getByRole('button', { name: 'Close' }).click();
  await page.waitForURL((url) => !url.searchParams.has('series'));
  await page.getByLabel('Filter series').fill('shop cost');
  await until(async () => (await table.locator('tbody tr').count()) === 1, { what: 'one row' });
});

test('is reached by keys and from the metrics of a project', async () => {
  await page.goto('/projects/shop?tab=metrics');
  await page.getByRole('main').getByRole('link', { name: 'Predictions' }).click();
  await page.waitForURL(/\/predictions\?project=shop/);
  await page.goto('/alerts');
  await page.getByRole('heading', { name: 'Alerts', level: 1 }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await page.waitForURL(/\/predictions$/);
});
