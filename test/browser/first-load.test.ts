import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf } from '../services/browser.ts';
import { type FleetUnderWatch, startFleetUnderWatch } from '../services/fleet.ts';
import { focusedText } from '../services/in-page.ts';
import { until } from '../services/until.ts';

/** What a laptop fetches of scripts and styles before a room stands, gzip, headers of the answers included. */
const LIMIT = 280_000;

let browser: Browser;
let watch: FleetUnderWatch;
let session: Session;

beforeAll(async () => {
  browser = await openBrowser();
  watch = await startFleetUnderWatch({ env: ADMIN_ENV });
  session = await sessionOf(browser, watch.hub.url);
});
afterAll(async () => {
  await browser?.close();
  await watch?.dispose();
});

/** Opens an address in a browser that has nothing yet, waits until it asks for nothing more, and weighs what came over the wire. */
async function firstLoad(path: string): Promise<{ bytes: number; parts: string[] }> {
  const { page, close } = await openPage(browser, watch.hub.url, { storageState: session });
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  const open = new Set<string>();
  const files = new Map<string, string>();
  const sizes = new Map<string, number>();
  let lastAt = performance.now();
  network.on('Network.requestWillBeSent', ({ requestId, type }) => {
    lastAt = performance.now();
    if (type === 'Script' || type === 'Stylesheet') open.add(requestId);
  });
  network.on('Network.responseReceived', ({ requestId, type, response }) => {
    if (type === 'Script' || type === 'Stylesheet') files.set(requestId, new URL(response.url).pathname);
  });
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    lastAt = performance.now();
    open.delete(requestId);
    sizes.set(requestId, encodedDataLength);
  });
  network.on('Network.loadingFailed', ({ requestId }) => open.delete(requestId));
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await until(
    async () =>
      open.size === 0 &&
      performance.now() - lastAt > 600 &&
      (await page.getByRole('status', { name: /^Loading/ }).count()) === 0,
    { timeoutMs: 30_000, what: `${path} has all that it needs` },
  );
  await close();
  const parts = [...files].map(([id, file]) => ({ file, size: sizes.get(id) ?? 0 })).sort((a, b) => b.size - a.size);
  return {
    bytes: parts.reduce((sum, { size }) => sum + size, 0),
    parts: parts.map(({ file, size }) => `${(size / 1000).toFixed(1)} kB ${file}`),
  };
}

test('the first load of every room is light: scripts and styles together under 280 kB', async () => {
  const { page, close } = await openPage(browser, watch.hub.url, { storageState: session });
  await page.goto('/');
  const links = page.getByRole('navigation', { name: 'Rooms' }).getByRole('listitem').getByRole('link');
  await links.first().waitFor();
  const rooms = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
  await close();
  expect(rooms.length).toBeGreaterThan(8);
  const heavy: string[] = [];
  for (const room of rooms) {
    const { bytes, parts } = await firstLoad(room);
    expect(parts.length, room).toBeGreaterThan(1);
    if (bytes >= LIMIT) heavy.push(`${room} is ${(bytes / 1000).toFixed(1)} kB: ${parts.slice(0, 12).join(', ')}`);
  }
  expect(heavy).toEqual([]);
}, 240_000);

test('a menu that is fetched when it is wanted opens by keyboard, and gives the focus back', async () => {
  const { page, troubles, close } = await openPage(browser, watch.hub.url, { storageState: session });
  await page.goto('/projects');
  const button = page.getByRole('button', { name: 'Export' });
  await button.focus();
  await page.keyboard.press('Enter');
  const focusOn = (what: RegExp) =>
    until(async () => what.test((await page.evaluate(focusedText)) ?? ''), { what: `the focus is on ${what}` });
  await focusOn(/^CSV/);
  await page.keyboard.press('ArrowDown');
  await focusOn(/^JSON/);
  await page.keyboard.press('Escape');
  await page.getByRole('menuitem', { name: /^CSV/ }).waitFor({ state: 'hidden' });
  await focusOn(/^Export$/);
  await page.keyboard.press('Enter');
  await focusOn(/^CSV/);
  const saved = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  expect((await saved).suggestedFilename()).toMatch(/\.csv$/);
  expect(troubles).toEqual([]);
  await close();
});
