import AxeBuilder from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { declare, MESH_KEY, type ServedInstance, serveInstance } from '../services/instances.ts';

let browser: Browser;
let hub: RunningHub;
let session: Session;
let instances: ServedInstance[];

beforeAll(async () => {
  [browser, ...instances] = await Promise.all([
    openBrowser(),
    serveInstance('bakery', {
      actions: {},
      more: { audits: { 'audit.security': () => ({ ok: 7, warn: 1, fail: 0 }) } },
    }),
    serveInstance('brewery', { meshKey: 'another-mesh-key-than-the-hub-has' }),
  ]);
  const shut = '  - { slug: cellar, name: cellar, hubUrl: "http://127.0.0.1:9" }\nnetwork:';
  hub = await startHub({
    env: { ...ADMIN_ENV, MESH_HMAC_KEY: MESH_KEY },
    yaml: declare(instances).replace('network:', shut),
  });
  session = await sessionOf(browser, hub.url);
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
  for (const one of instances) one.stop();
});

test('a sweep says first what it will do, then does it, and its history says what came of it', async () => {
  const { page, troubles, close } = await openPage(browser, hub.url, { storageState: session });
  await page.goto('/projects?tab=actions');
  await page.getByText('Nothing was asked of an instance yet').waitFor();
  await page.getByRole('button', { name: 'Ask for an action' }).click();
  await page.getByRole('menuitem', { name: 'Security sweep…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('goes to 2 instances').waitFor();
  await dialog.getByText('is not in its allowFanout').waitFor();
  expect(instances.flatMap(({ posts }) => posts)).toEqual([]);
  const axe = await new AxeBuilder({ page }).include('[role=dialog]').analyze();
  expect(axe.violations).toEqual([]);
  await dialog.getByRole('button', { name: 'Send to 2 instances' }).click();
  await dialog.getByText('7 ok, 1 warnings, 0 failed').waitFor();
  await dialog.getByText('1 sent, 1 not allowed, 1 failed.').waitFor();
  await dialog.getByRole('link', { name: 'Open in the history' }).click();
  await page.waitForURL('**request=act_**');
  await page.getByText('it refused the signature').waitFor();
  // The address alone brings the same view back.
  await page.goto(page.url());
  const bakery = page.getByRole('row').filter({ hasText: 'bakery' });
  await bakery.getByText('Done').waitFor();
  expect(await bakery.locator('code').textContent()).toMatch(/^[0-9a-f-]{36}$/);
  expect(troubles).toEqual([]);
  await close();
});
