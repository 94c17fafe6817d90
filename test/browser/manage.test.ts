import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf, type WatchedPage } from '../services/browser.ts';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

let browser: Browser;
let hub: RunningHub;
let product: FakeProduct;
let receiver: Receiver;
let session: Session;
let open: WatchedPage;
let page: Page;

beforeAll(async () => {
  [browser, product, receiver] = await Promise.all([openBrowser(), startProduct('bakery'), startReceiver()]);
  hub = await startHub({
    env: ADMIN_ENV,
    yaml: `network: { allowPrivate: true }\nchannels:\n  - { name: ops, kind: webhook, url: "${receiver.url}" }\n`,
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
  await Promise.all([product.stop(), receiver.close()]);
});

test('a project is added by its URL: looked at first, then stored, then live', async () => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Add a project by its URL' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Address of the product').fill(product.url);
  await dialog.getByRole('button', { name: 'Look what is there' }).click();
  await dialog.getByText('Nothing is stored yet').waitFor();
  expect((await hub.api.read<unknown[]>('/api/fed/projects')).length).toBe(0);
  await dialog.getByRole('button', { name: 'Add bakery' }).click();
  const key = await dialog.getByRole('textbox', { name: 'Ingest key' }).inputValue();
  expect(key.length).toBeGreaterThan(20);
  await dialog.getByRole('link', { name: 'Open bakery' }).click();
  await page.waitForURL('**/projects/bakery**');
  await page
    .getByText(/Online|Up/)
    .first()
    .waitFor({ timeout: 30_000 });
});

test('a project that the console added is removed there, after it was said what that means', async () => {
  await page.goto('/projects/bakery?tab=config');
  await page.getByRole('button', { name: 'Remove the project' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('The hub stops probing').waitFor();
  await dialog.getByRole('button', { name: 'Remove bakery' }).click();
  await page.waitForURL('**/projects');
  expect((await hub.api.get('/api/fed/projects/bakery')).status).toBe(404);
});

test('an API key is shown once, works, and stops when it is revoked', async () => {
  await page.goto('/settings?tab=keys');
  await page
    .getByRole('button', { name: /Create|New/ })
    .first()
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('from the browser');
  await dialog.getByRole('button', { name: /Create/ }).click();
  const key = await dialog.getByRole('textbox', { name: 'API key' }).inputValue();
  const client = createApi(hub.url, { 'x-api-key': key });
  expect((await client.get('/api/me')).status).toBe(200);
  await dialog
    .getByRole('button', { name: /Done|Close/ })
    .last()
    .click();
  await page.reload();
  await page.getByText('from the browser').first().waitFor();
  expect(await page.content()).not.toContain(key);
  await page
    .getByRole('row', { name: /from the browser/ })
    .getByRole('button', { name: /Revoke/ })
    .click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Revoke/ })
    .click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect((await client.get('/api/me')).status).toBe(401);
});

test('the audit trail tells who made the key, and who was refused; an entry opens with what changed, and the URL holds the view', async () => {
  await createApi(hub.url, { 'x-api-key': 'not-a-key-of-anybody' }).get('/api/keys');
  await until(
    async () => (await hub.api.get<{ items: unknown[] }>('/api/audit?verb=access.denied')).body.items.length > 0,
    {
      timeoutMs: 15_000,
      what: 'the refusal is on record',
    },
  );
  await page.goto('/settings?tab=audit&verb=keys');
  await page.getByText('keys.revoke').first().waitFor();
  await page
    .getByRole('row', { name: /keys\.revoke/ })
    .getByRole('link')
    .click();
  const entry = page.getByRole('dialog');
  await entry.getByText('revokedAt').waitFor();
  expect(page.url()).toMatch(/verb=keys.*entry=\d+/);
  await page.goto('/settings?tab=audit');
  await page.getByRole('button', { name: 'Refused only' }).click();
  await page.getByText('Refused (401)').first().waitFor();
  expect(page.url()).toContain('verb=access.denied');
});

test('a channel is tested, and the receiver has the message', async () => {
  await page.goto('/settings?tab=channels');
  await page.getByText('ops').first().waitFor();
  await page.getByRole('button', { name: /test/i }).first().click();
  const confirm = page.getByRole('dialog').getByRole('button', { name: /Send/ });
  if (await confirm.isVisible().catch(() => false)) await confirm.click();
  await page
    .getByText(/delivered|arrived|sent/i)
    .first()
    .waitFor();
  await until(() => receiver.taken().some(({ body }) => JSON.parse(body).type === 'channel.test'), {
    what: 'the message',
  });
});
