import AxeBuilder from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { overflow } from '../services/in-page.ts';

let browser: Browser;
let hub: RunningHub;
let session: Session;

beforeAll(async () => {
  const yaml = `network: { allowPrivate: true }
tenants: [{ id: acme, name: Acme Ltd, tier: 5, features: [reports] }]
projects: [{ slug: acme-shop, name: Acme shop, hubUrl: "http://127.0.0.1:1", tenant: acme }]
`;
  [browser, hub] = await Promise.all([openBrowser(), startHub({ yaml, env: ADMIN_ENV })]);
  session = await sessionOf(browser, hub.url);
  const own = { slug: 'own-shop', name: 'Own shop', hubUrl: 'http://127.0.0.1:1' };
  const added = await hub.api.post('/api/fed/projects', own);
  expect(added.status, added.text).toBeLessThan(300);
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
});

test('an administrator makes a tenant with tier, features and a project; one of the file is locked', async () => {
  const { page, troubles, close } = await openPage(browser, hub.url, { storageState: session });
  await page.goto('/settings?tab=keys');
  await page.getByRole('button', { name: 'New tenant' }).click();
  await page.getByLabel('Id').fill('globex');
  await page.getByLabel('Tier').fill('1');
  await page.getByLabel('Features').fill('no-ai, reports');
  await page.getByLabel('Own shop').check();
  await page.getByRole('button', { name: 'Create the tenant' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByText('1 · leadsite.ai').waitFor();
  expect(await hub.api.read('/api/tenants/globex')).toMatchObject({
    tier: 1,
    features: ['no-ai', 'reports'],
    projects: ['own-shop'],
  });
  await page.getByRole('button', { name: 'Change Acme Ltd' }).click();
  await page.getByText(/name, tier and features are changed there/).waitFor();
  expect(await page.getByLabel('Features').isDisabled()).toBe(true);
  expect(await page.getByRole('button', { name: 'Remove', exact: true }).count()).toBe(0);
  expect(troubles).toEqual([]);
  await close();
});

test.each([
  ['dark', 1440, 900],
  ['light', 390, 844],
  ['light', 1440, 900],
  ['dark', 390, 844],
] as const)('the tenants have room, and axe finds nothing, %s at %i', async (colorScheme, width, height) => {
  const open = await openPage(browser, hub.url, { storageState: session, colorScheme, viewport: { width, height } });
  const { page } = open;
  await page.goto('/settings?tab=keys');
  const change = page.getByRole('button', { name: 'Change Acme Ltd' });
  await change.scrollIntoViewIfNeeded();
  expect((await page.evaluate(overflow)).wide).toBeLessThanOrEqual(width);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await page.screenshot({ path: `test-results/screenshots/tenants-${width}-${colorScheme}.png` });
  await change.click();
  await page.getByRole('dialog').waitFor();
  await page.getByLabel('Features').waitFor();
  await page.screenshot({ path: `test-results/screenshots/tenant-${width}-${colorScheme}.png` });
  await open.close();
});
