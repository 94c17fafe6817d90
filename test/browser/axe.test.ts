import AxeBuilder from '@axe-core/playwright';
import type { Alert } from '@orrery/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ADMIN_ENV,
  openBrowser,
  openPage,
  PAGES,
  type Session,
  sessionOf,
  show,
  type WatchedPage,
} from '../services/browser.ts';
import { type FleetUnderWatch, startFleetUnderWatch } from '../services/fleet.ts';
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

describe.each(['dark', 'light'] as const)('in the %s theme', (theme) => {
  const opened = new Map<boolean, WatchedPage>();
  afterAll(() => Promise.all([...opened.values()].map(({ close }) => close())));

  test.each([...PAGES, ...DOORS])('$name: no complaint, nothing that axe finds', async (one) => {
    const signedIn = PAGES.some((known) => known.name === one.name);
    const known = opened.get(signedIn);
    const { page, troubles } =
      known ??
      (await openPage(browser, watch.hub.url, { colorScheme: theme, ...(signedIn ? { storageState: session } : {}) }));
    if (!known) opened.set(signedIn, { page, troubles, close: () => page.context().close() });
    await show(page, one);
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`),
    ).toEqual([]);
    // What this page asks for is not there, and the browser itself says so on its console.
    const unexpected = troubles
      .splice(0)
      .filter((trouble) => one.name !== 'project-unknown' || !trouble.includes('404'));
    expect(unexpected).toEqual([]);
  });
});
