import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Attacked, rawRequest, startAttacked } from '../../packages/sdk/test/attacks/products.ts';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf, type WatchedPage } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { until } from '../services/until.ts';

/** Security in the console: how projects stand, what is tried on them, and the sweep. */
const KEY = 'key-of-the-attacked-shop-0123456789';
let browser: Browser;
let hub: RunningHub;
let product: Attacked;
let session: Session;
let open: WatchedPage;
let page: Page;

beforeAll(async () => {
  browser = await openBrowser();
  hub = await startHub({
    env: ADMIN_ENV,
    yaml: `network: { allowPrivate: true }
projects:
  - { slug: shop-express, name: Shop, hubUrl: "http://127.0.0.1:1", apiKey: "${KEY}", allowFanout: [audit.security] }
`,
  });
  product = await startAttacked('express', { url: hub.url, key: KEY });
  product.instance.summary.security({ vulnsCritical: 2, vulnsHigh: 5, lastScan: new Date().toISOString() });
  await rawRequest(product.url, '/search?q=%27%20OR%201=1--');
  await rawRequest(product.url, '/search?q=%3Cscript%3Ealert(1)%3C/script%3E');
  await rawRequest(product.url, '/files/..%2f..%2fetc%2fpasswd');
  await until(async () => (await hub.api.get<{ items: unknown[] }>('/api/security')).body.items.length === 3, {
    what: 'three incidents',
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
  await product?.stop();
  await hub?.dispose();
});

test('what was tried is listed, filtered by the address, and one opens beside the list', async () => {
  await page.goto('/security');
  const posture = page.getByRole('table', { name: 'Security posture' });
  await posture.getByText('Critical vulnerabilities').waitFor();
  const table = page.getByRole('table', { name: 'Attack incidents' });
  await table.getByText('GET /search?q=‹xss:script›').waitFor();
  await page.getByLabel('Kind of attack').selectOption('sql-injection');
  await until(async () => (await table.locator('tbody tr').count()) === 1, { what: 'one row' });
  expect(page.url()).toContain('family=sql-injection');
  await table.getByRole('link', { name: 'SQL injection' }).click();
  const panel = page.getByRole('complementary', { name: 'Security incident' });
  await panel.getByText('What was sent is kept nowhere.').waitFor();
  await panel.getByText('tautology', { exact: true }).waitFor();
  expect(page.url()).toMatch(/incident=sec_/);
  await page.goBack();
  await panel.waitFor({ state: 'detached' });
});

test('a sweep says beforehand whom it would ask', async () => {
  await page.goto('/security');
  await page.getByRole('button', { name: 'Run a security sweep' }).click();
  const dialog = page.getByRole('dialog', { name: 'Security sweep: what will happen' });
  await dialog.getByText('Nothing has been sent yet.').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});
