import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf, type WatchedPage } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';

/** Healing in the console: a plan is approved and proved, and the kill switch stops all. */
let browser: Browser;
let hub: RunningHub;
let product: FakeProduct;
let receiver: Receiver;
let session: Session;
let open: WatchedPage;
let page: Page;

beforeAll(async () => {
  [browser, product, receiver] = await Promise.all([openBrowser(), startProduct('bakery'), startReceiver()]);
  receiver.answer(() => {
    product.mood = 'healthy';
    return { status: 200 };
  });
  hub = await startHub({
    env: ADMIN_ENV,
    yaml: `network: { allowPrivate: true }
repair: { enabled: true }
projects:
  - slug: bakery
    name: Bakery
    hubUrl: ${product.url}
    services:
      - name: oven
        probes: [{ kind: http, url: "${product.url}/api/health", interval: 1s, timeout: 800ms, failAfter: 2 }]
        heal:
          - { name: relight, mode: approve, remedy: { kind: webhook, url: "${receiver.url}" }, verify: { within: 20s, stableFor: 1s } }
`,
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
  await Promise.all([product?.stop(), receiver?.close()]);
});

test('what asks is approved after it said what it will do, and its proof is shown', async () => {
  await page.goto('/healing');
  await page.getByText('nothing to do: its alert is not open').waitFor();
  product.mood = 'unhealthy';
  const asks = page.getByRole('list', { name: 'Waits for approval' });
  await asks.getByText('bakery/oven is down').waitFor();
  await asks.getByRole('button', { name: 'Approve' }).click();
  const dialog = page.getByRole('dialog', { name: 'Repair bakery/oven?' });
  await dialog.getByText('exactly as it was planned').waitFor();
  await dialog.getByRole('button', { name: 'Approve' }).click();
  const attempts = page.getByRole('table', { name: 'Heal attempts' });
  await attempts.getByText('Healed', { exact: true }).waitFor();
  await attempts.getByText(/its checks are well since/).waitFor();
  expect(receiver.received).toHaveLength(1);
});

test('the kill switch says what it stops, and is let go of again', async () => {
  await page.goto('/healing');
  await page.getByRole('button', { name: 'Pause repair' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await page.getByText(/Paused by/).waitFor();
  await page.getByRole('button', { name: 'Resume repair' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await page.getByText('May act').waitFor();
});

test('what was learned of it is a pattern with its proof, and the past can be asked what a policy would have done', async () => {
  await page.goto('/healing?tab=patterns');
  const patterns = page.getByRole('table', { name: 'Patterns' });
  const own = patterns.getByRole('row').filter({ hasText: 'bakery/oven' });
  await own.getByText('1 of 1').waitFor({ timeout: 30_000 });
  await own.getByRole('img', { name: '67 %, between 32 % and 95 %' }).waitFor();
  await own.getByRole('link', { name: /^Attempt heal_/ }).click();
  await page.waitForURL(/attempt=heal_/);
  const proof = page.getByRole('table', { name: 'Heal attempts' }).locator('tr[aria-current="true"]');
  await proof.getByText('Healed', { exact: true }).waitFor();
  await page.getByRole('link', { name: /^would have / }).click();
  await page.getByRole('table', { name: 'Simulated acts' }).getByText('bakery/oven is down').first().waitFor();
  await page.getByRole('button', { name: '30 days' }).click();
  await page.waitForURL(/days=/);
  await page.getByText('Taken for granted: repair is enabled').waitFor();
});
