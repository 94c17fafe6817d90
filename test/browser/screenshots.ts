import { mkdirSync } from 'node:fs';
import type { Alert } from '@orrery/protocol';
import { ADMIN_ENV, openBrowser, openPage, PAGES, sessionOf, show } from '../services/browser.ts';
import { startFleetUnderWatch } from '../services/fleet.ts';
import { startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

/**
 * Saves a picture of every page, for people to look at: `node --conditions=@orrery/source test/browser/screenshots.ts [seconds]`.
 * The fleet runs for that many seconds (60) before, so that the charts have something to show.
 */
const SIZES = [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const;
const FOLDER = 'test-results/screenshots';
const seconds = Number(process.argv[2] ?? 60);
mkdirSync(FOLDER, { recursive: true });

const [browser, receiver] = await Promise.all([openBrowser(), startReceiver()]);
const watch = await startFleetUnderWatch({
  env: ADMIN_ENV,
  traffic: { peak: 2, dayMs: 600_000, startHour: 9 },
  extra: `channels:\n  - { name: ops, kind: webhook, url: "${receiver.url}" }\n`,
});
try {
  const session = await sessionOf(browser, watch.hub.url);
  const from = performance.now();
  await until(() => performance.now() - from > seconds * 1000, {
    timeoutMs: seconds * 1000 + 5000,
    everyMs: 500,
    what: 'time passes',
  });
  await watch.fleet.product('veria').fault('slow');
  await watch.fleet.product('rollizr').fault('errors');
  const [alert] = await until(
    async () => {
      const { items } = await watch.hub.api.read<{ items: Alert[] }>('/api/fed/alerts?status=open');
      return items.length > 0 ? items : undefined;
    },
    { timeoutMs: 20_000, what: 'an alert' },
  );
  const pages = [
    ...PAGES,
    { name: 'alert', path: `/alerts?alert=${alert?.id}`, shows: 'Timeline' },
    { name: 'sign-in', path: '/admin/login', shows: 'Sign in' },
  ];
  for (const colorScheme of ['dark', 'light'] as const)
    for (const [width, height] of SIZES) {
      const { page, close } = await openPage(browser, watch.hub.url, {
        storageState: session,
        colorScheme,
        viewport: { width, height },
      });
      for (const one of pages) {
        await show(page, one);
        await page.screenshot({ path: `${FOLDER}/${one.name}-${width}-${colorScheme}.png` });
      }
      await close();
      console.log(`${width} × ${height}, ${colorScheme}: ${pages.length} pages`);
    }
} finally {
  await Promise.all([browser.close(), watch.dispose(), receiver.close()]);
}
