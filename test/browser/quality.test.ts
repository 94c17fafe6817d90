import AxeBuilder from '@axe-core/playwright';
import type { Alert } from '@orrery/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, PAGES, type Session, sessionOf, show } from '../services/browser.ts';
import { type FleetUnderWatch, startFleetUnderWatch } from '../services/fleet.ts';
import { colorScheme, overflow } from '../services/in-page.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

const DOORS = [
  { name: 'sign-in', path: '/admin/login', shows: 'Sign in' },
  { name: 'setup', path: '/setup?token=x', shows: 'Already set up' },
] as const;

let browser: Browser;
let watch: FleetUnderWatch;
let receiver: Receiver;
let session: Session;

beforeAll(async () => {
  [browser, receiver] = await Promise.all([openBrowser(), startReceiver()]);
  watch = await startFleetUnderWatch({
    env: ADMIN_ENV,
    extra: `channels:\n  - { name: ops, kind: webhook, url: "${receiver.url}" }\n`,
  });
  session = await sessionOf(browser, watch.hub.url);
  // One open alert and one degraded service, so that the pages show more than good news.
  await watch.fleet.product('rollizr').fault('errors');
  await until(
    async () => (await watch.hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open')).items.length > 0,
    {
      timeoutMs: 20_000,
      what: 'an open alert',
    },
  );
});
afterAll(async () => {
  await browser?.close();
  await watch?.dispose();
  await receiver?.close();
});

describe.each([
  [390, 844],
  [1024, 768],
] as const)('at %i × %i', (width, height) => {
  test('no page scrolls sideways', async () => {
    const { page, close } = await openPage(browser, watch.hub.url, {
      viewport: { width, height },
      storageState: session,
    });
    for (const one of [...PAGES, ...DOORS]) {
      await show(page, one);
      const { wide, widest } = await page.evaluate(overflow);
      expect(wide, `${one.name} is ${wide} px wide because of ${widest}`).toBeLessThanOrEqual(width);
    }
    await close();
  });
});

test('nothing is loaded from elsewhere, and what has a name of its content is kept for long', async () => {
  const { page, close } = await openPage(browser, watch.hub.url, { storageState: session });
  const seen: { url: string; cache: string | undefined }[] = [];
  page.on('response', (response) => seen.push({ url: response.url(), cache: response.headers()['cache-control'] }));
  for (const one of PAGES) await show(page, one);
  for (const { url } of seen) expect(new URL(url).origin).toBe(watch.hub.url);
  const assets = seen.filter(({ url }) => new URL(url).pathname.startsWith('/assets/'));
  expect(assets.length).toBeGreaterThan(3);
  for (const { url, cache } of assets) expect(cache, url).toMatch(/immutable/);
  await close();
});

test('the choice of a theme is kept', async () => {
  const { page, close } = await openPage(browser, watch.hub.url, { storageState: session, colorScheme: 'dark' });
  await show(page, PAGES[0]);
  await page.getByRole('button', { name: 'Theme' }).click();
  await page.getByRole('menuitem', { name: 'Light' }).waitFor();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await page.getByRole('menuitem', { name: 'Light' }).click();
  const scheme = () => page.evaluate(colorScheme);
  expect(await scheme()).toBe('light');
  await page.reload();
  await page.getByText('Veria').first().waitFor();
  expect(await scheme()).toBe('light');
  await close();
});
