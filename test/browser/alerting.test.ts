import type { Alert, MaintenanceView, Silence } from '@orrery/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { until } from '../services/until.ts';

let browser: Browser;
let hub: RunningHub;
let session: Session;
let product: FakeProduct;

beforeAll(async () => {
  [browser, product] = await Promise.all([openBrowser(), startProduct('veria', 'unhealthy')]);
  const probe = `{ kind: http, url: "${product.url}/api/health", interval: 1s, timeout: 900ms, failAfter: 1 }`;
  hub = await startHub({
    env: ADMIN_ENV,
    yaml: `projects:
  - slug: veria
    name: Veria
    hubUrl: ${product.url}
    services:
      - { name: database, probes: [${probe}] }
      - { name: api, dependsOn: [database], probes: [${probe}] }
network: { allowPrivate: true }
`,
  });
  session = await sessionOf(browser, hub.url);
  await until(async () => (await alerts()).length === 2, { timeoutMs: 30_000, what: 'both services have an alert' });
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
  await product?.stop();
});

const alerts = async () => (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open,acknowledged')).items;
const open = () => openPage(browser, hub.url, { storageState: session });

test('what hangs on a part that is down is one incident with it, and is taken on as one', async () => {
  const { page, troubles, close } = await open();
  await page.goto('/alerts?tab=incidents');
  await page.getByRole('link', { name: 'veria/database is down' }).click();
  const panel = page.getByRole('complementary', { name: 'Incident' });
  await panel.getByText('· root').waitFor();
  await panel.getByText('what it depends on is down').waitFor();
  await panel.getByRole('button', { name: 'Acknowledge all' }).click();
  await until(async () => (await alerts()).every((alert) => alert.status === 'acknowledged'), {
    timeoutMs: 15_000,
    what: 'both alerts are acknowledged',
  });
  expect(troubles).toEqual([]);
  await close();
});

test('an alert is silenced from its own panel, says so, and the silence is ended on its page', async () => {
  const { page, troubles, close } = await open();
  const [alert] = (await alerts()).filter(({ service }) => service === 'database');
  await page.goto(`/alerts?alert=${alert?.id}`);
  await page.getByRole('button', { name: 'Silence…' }).click();
  const form = page.getByRole('dialog', { name: 'New silence' });
  expect(await form.getByLabel('Services').inputValue()).toBe('veria/database');
  await form.getByLabel('Reason').fill('we know');
  await form.getByRole('button', { name: 'Silence' }).click();
  await form.waitFor({ state: 'hidden' });
  await page.getByRole('complementary', { name: 'Alert' }).getByRole('link', { name: 'a silence' }).waitFor();

  await page.goto('/alerts?tab=silences');
  await page.getByText('we know').waitFor();
  await page.getByRole('button', { name: /^End the silence of/ }).click();
  const { items } = await until(
    async () => {
      const all = await hub.api.read<{ items: Silence[] }>('/ops/silences');
      return all.items.every(({ status }) => status === 'ended') ? all : undefined;
    },
    { timeoutMs: 15_000, what: 'the silence has ended' },
  );
  expect(items).toHaveLength(1);
  expect(troubles).toEqual([]);
  await close();
});

test('maintenance is planned on the page, and a mistake in it is named where it was made', async () => {
  const { page, troubles, close } = await open();
  await page.goto('/alerts?tab=silences&new=maintenance');
  const form = page.getByRole('dialog', { name: 'Plan maintenance' });
  await form.getByLabel('Title').fill('Sunday backup');
  await form.getByRole('button', { name: 'Again and again' }).click();
  await form.getByLabel('Begins').fill('0 99 * * sun');
  await form.getByRole('button', { name: 'Plan it' }).click();
  await form.getByText(/cron/).first().waitFor();
  await form.getByLabel('Begins').fill('0 2 * * sun');
  await form.getByRole('button', { name: 'Plan it' }).click();
  await form.waitFor({ state: 'hidden' });
  await page.getByRole('table', { name: 'Maintenance' }).getByText('Sunday backup').waitFor();
  // What is not said to be public is nobody else's business.
  await page.goto('/alerts?tab=silences&new=maintenance');
  await form.getByLabel('Title').fill('Moving house');
  await form.getByRole('button', { name: 'Again and again' }).click();
  await form.getByLabel('Begins').fill('0 3 * * sun');
  await form.getByLabel('Show it on status pages').check();
  await form.getByRole('button', { name: 'Plan it' }).click();
  await form.waitFor({ state: 'hidden' });
  const { items } = await hub.api.read<{ items: MaintenanceView[] }>('/ops/maintenance');
  expect(items.map((window) => [window.title, window.public]).sort()).toEqual([
    ['Moving house', true],
    ['Sunday backup', false],
  ]);
  // The browser itself says on its console that the first try was refused.
  expect(troubles.filter((trouble) => !trouble.includes('400'))).toEqual([]);
  await close();
});
