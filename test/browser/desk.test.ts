import type { Alert } from '@orrery/protocol';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf, type WatchedPage } from '../services/browser.ts';
import { type FleetUnderWatch, startFleetUnderWatch } from '../services/fleet.ts';
import { focusedText, hasMark, isPainted, leaveMark } from '../services/in-page.ts';
import { until } from '../services/until.ts';

let browser: Browser;
let watch: FleetUnderWatch;
let session: Session;
let open: WatchedPage;
let page: Page;

beforeAll(async () => {
  [browser, watch] = await Promise.all([openBrowser(), startFleetUnderWatch({ env: ADMIN_ENV })]);
  session = await sessionOf(browser, watch.hub.url);
});
beforeEach(async () => {
  open = await openPage(browser, watch.hub.url, { storageState: session });
  page = open.page;
});
afterEach(async () => {
  const { troubles } = open;
  await open.close();
  expect(troubles).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  await watch?.dispose();
});

const card = (name: string) => page.getByRole('article', { name });

describe('the overview, without a reload', () => {
  test('shows three live products', async () => {
    await page.goto('/');
    for (const name of ['Veria', 'Performia', 'ROLLIZR']) await card(name).getByText('Online').waitFor();
    await page.getByRole('region', { name: 'Key numbers' }).getByText('of 3').first().waitFor();
    await page.getByRole('button', { name: /^Live ?: pause/ }).waitFor();
    const events = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem');
    await until(async () => (await events.count()) > 0, { what: 'events' });
  });

  test('analyses on demand, and says what came of it', async () => {
    await page.goto('/');
    const panel = page.getByRole('region', { name: 'Daily analysis' });
    await panel.getByText('The first one is still to come').waitFor();
    await panel.getByRole('button', { name: 'Analyse now' }).click();
    await panel.getByText(/3 projects.*alert.*metric/i).waitFor();
  });

  test('shows a product that stops and its alert, and both end when it is back', async () => {
    await page.goto('/');
    await card('Performia').getByText('Online').waitFor();
    expect(await page.evaluate(leaveMark)).toBe(true);
    await watch.fleet.product('performia').stop();
    try {
      await card('Performia')
        .getByText(/Offline|Degraded/)
        .waitFor();
      await page
        .getByRole('navigation', { name: 'Rooms' })
        .getByRole('link', { name: /Alerts\s*[1-9]/ })
        .waitFor();
      await page
        .getByText(/Performia|performia/)
        .filter({ hasText: /down|answer|refused|unreachable/i })
        .first()
        .waitFor();
    } finally {
      await watch.fleet.product('performia').start();
    }
    await card('Performia').getByText('Online').waitFor();
    expect(await page.evaluate(hasMark)).toBe(true);
  });
});

test('an alert is acknowledged, and one of another product resolved, on the page', async () => {
  await watch.fleet.product('veria').fault('errors');
  try {
    const alert = await until(
      async () => (await watch.hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open&project=veria')).items[0],
      { timeoutMs: 15_000, what: 'an alert of Veria' },
    );
    await page.goto('/alerts');
    await page.getByRole('link', { name: alert.title }).first().click();
    const panel = page.getByRole('complementary', { name: 'Alert' });
    await panel.getByRole('heading', { name: alert.title }).waitFor();
    expect(page.url()).toContain(`alert=${alert.id}`);
    await panel.getByRole('button', { name: 'Acknowledge' }).click();
    await panel
      .getByText(/Acknowledged by/)
      .first()
      .waitFor();
    expect((await watch.hub.api.read<Alert>(`/api/fed/alerts/${alert.id}`)).status).toBe('acknowledged');
    await panel.getByRole('button', { name: 'Resolve' }).click();
    await panel
      .getByText(/Resolved by/)
      .first()
      .waitFor();
    expect((await watch.hub.api.read<Alert>(`/api/fed/alerts/${alert.id}`)).status).toBe('resolved');
  } finally {
    await watch.fleet.product('veria').fault('none');
  }
});

describe('a project', () => {
  test('shows its services, with the checks that the instance reports', async () => {
    await page.goto('/projects/veria');
    await page.getByRole('heading', { name: 'Veria' }).first().waitFor();
    await page.getByText('reconciliation').first().waitFor();
    await page
      .getByRole('navigation', { name: 'Parts of the project' })
      .getByRole('link', { name: /Services/ })
      .waitFor();
  });

  test('draws its metrics', async () => {
    await page.goto('/projects/veria?tab=metrics&metric=revenue');
    const canvas = page.locator('figure canvas').first();
    await canvas.waitFor();
    await until(() => canvas.evaluate(isPainted), { what: 'a painted chart' });
    await page
      .getByRole('radio', { name: 'Table' })
      .or(page.getByRole('button', { name: 'Table' }))
      .first()
      .click({ force: true });
    await page.getByRole('table').first().waitFor();
    expect(page.url()).toContain('as=table');
  });

  test('lists its log lines, and finds one', async () => {
    await page.goto('/projects/rollizr?tab=logs');
    const lines = page.getByRole('log', { name: 'Log lines, newest first' });
    await lines
      .getByText(/Order placed|is listening/)
      .first()
      .waitFor({ timeout: 30_000 });
    await page.getByLabel('Search the logs').fill('is listening on port');
    await until(async () => (await lines.getByText('is listening on port').count()) === 1, { what: 'the one line' });
    await page.waitForURL('**q=is**');
  });

  test('says where it is declared, and that this is where it is changed', async () => {
    await page.goto('/projects/performia?tab=config');
    await page
      .getByText(/orrery\.yaml:\d+/)
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: 'Remove the project' }).isDisabled()).toBe(true);
    expect(await page.content()).not.toContain(watch.apiKeys.performia);
  });
});

describe('by keyboard', () => {
  test.each(['Control+k', 'Meta+k'])('%s opens the palette, which goes anywhere', async (keys) => {
    await page.goto('/');
    await card('Veria').waitFor();
    await page.keyboard.press(keys);
    await page.getByPlaceholder('Search or run an action').fill('rolli');
    await page.getByRole('dialog').getByText('ROLLIZR').first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/projects/rollizr**');
  });

  test('? lists the keys, and g a goes to the alerts', async () => {
    await page.goto('/');
    await card('Veria').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.waitForURL('**/alerts**');
  });

  test('Tab reaches the content through a link that skips the rail', async () => {
    await page.goto('/');
    await card('Veria').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(focusedText)).toBe('Skip to content');
  });
});

test('a link is a view: what was chosen is in the address and comes back', async () => {
  await page.goto('/projects/veria?tab=metrics&metric=queue&range=6h');
  await page.getByText('queue_depth').first().waitFor();
  const address = page.url();
  await page.getByRole('navigation', { name: 'Parts of the project' }).getByRole('link', { name: 'Logs' }).click();
  await page.getByRole('log').waitFor({ timeout: 30_000 });
  await page.goBack();
  await page.getByText('queue_depth').first().waitFor();
  expect(page.url()).toBe(address);
  await page.reload();
  await page.getByText('queue_depth').first().waitFor();
  expect(await page.getByText('revenue_24h').count()).toBe(0);
  expect(await page.getByLabel('Filter metrics').inputValue()).toBe('queue');
});
