import AxeBuilder from '@axe-core/playwright';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { audit, presence, publish, yamlOf } from '../service/mesh.contract.ts';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { overflow } from '../services/in-page.ts';
import { type NatsService, startNats } from '../services/nats.ts';
import { until } from '../services/until.ts';

let browser: Browser;
let nats: NatsService;
let hub: RunningHub;
let connection: NatsConnection;
let session: Session;

beforeAll(async () => {
  [browser, nats] = await Promise.all([openBrowser(), startNats()]);
  hub = await startHub({ yaml: yamlOf(['veria', 'performia']), env: { ...ADMIN_ENV, ORRERY_NATS_URL: nats.url } });
  session = await sessionOf(browser, hub.url);
  connection = await connect({ servers: nats.url });
  await until(async () => (await hub.api.read<{ pending?: number }>('/api/fed/mesh')).pending !== undefined, {
    what: 'the hub listens',
  });
  for (const [ns, subject, data] of [
    ['veria.mesh', 'hub.presence.h1', presence('veria')],
    ['veria.mesh', 'audit.summary.status', { ...audit('veria', 6), fail: 2 }],
    ['veria.mesh', 'audit.summary.status', audit('performia', 6)],
    ['stranger.mesh', 'hub.presence.h1', presence('stranger')],
  ] as const)
    await publish(connection, ns, { subject, data });
});
afterAll(async () => {
  await connection?.close();
  await browser?.close();
  await hub?.dispose();
  await nats?.stop();
});

test.each([
  ['dark', 1440, 900],
  ['light', 390, 844],
] as const)(
  'what was refused, who is a stranger and what a risk comes from is shown, %s',
  async (colorScheme, width, height) => {
    const open = await openPage(browser, hub.url, { storageState: session, colorScheme, viewport: { width, height } });
    const { page } = open;
    await page.goto('/settings?tab=mesh');
    await page.getByText('named another project').waitFor();
    await page.getByText('stranger.mesh').waitFor();
    await page.getByText(/every client can speak for every project/).waitFor();
    expect((await page.evaluate(overflow)).wide).toBeLessThanOrEqual(width);
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    await page.screenshot({ path: `test-results/screenshots/mesh-${width}-${colorScheme}.png` });
    await page.goto('/projects/veria');
    await page.getByRole('heading', { name: 'Risk' }).waitFor();
    await page.getByText(/compliance 0\.\d+/).waitFor();
    expect((await page.evaluate(overflow)).wide).toBeLessThanOrEqual(width);
    await page.screenshot({ path: `test-results/screenshots/risk-${width}-${colorScheme}.png` });
    expect(open.troubles).toEqual([]);
    await open.close();
  },
);
