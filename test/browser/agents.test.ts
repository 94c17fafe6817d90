import { writeFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMIN_ENV, openBrowser, openPage, type Session, sessionOf, type WatchedPage } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { addPerson, signedIn } from '../services/people.ts';

/** The Agents page: each of the seven with its state, its reason and its jobs, and a restart that says what it will do. */
let browser: Browser;
let hub: RunningHub;
let session: Session;
let open: WatchedPage;
let page: Page;

beforeAll(async () => {
  browser = await openBrowser();
  hub = await startHub({ env: ADMIN_ENV, yaml: 'agents: { learning: { enabled: false } }\n' });
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
});

const agents = () => page.getByRole('table', { name: 'Agents' });
const row = (name: string) => agents().getByRole('row').filter({ hasText: name });
const jobs = () => page.getByRole('table', { name: 'Jobs' });

test('each agent says what it does, how it is and why', async () => {
  await page.goto('/agents');
  await row('Monitor').getByText('Well').waitFor();
  await row('Monitor').getByText('Checks every service').waitFor();
  await row('Learning').getByText('Off', { exact: true }).waitFor();
  await row('Learning').getByText('agents.learning.enabled').waitFor();
  await row('Repair').getByText('ENABLE_SELF_HEALING').waitFor();
  expect(await page.getByRole('button', { name: 'Restart Learning' }).isDisabled()).toBe(true);
  await jobs().getByText('detect.sweep').waitFor();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
});

test('an agent is restarted after it was said what that does, and the record is one click away', async () => {
  await page.goto('/agents');
  await page.getByRole('button', { name: 'Restart Monitor' }).click();
  const dialog = page.getByRole('dialog', { name: 'Restart Monitor?' });
  await dialog.getByText(/At once: .*detect\.sweep/).waitFor();
  await dialog.getByText(/At its own time.*ecosystem-monitor/).waitFor();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await dialog.getByRole('button', { name: 'Restart' }).click();
  await page.getByText('Monitor was restarted').waitFor();
  await row('Monitor').getByRole('cell', { name: '1', exact: true }).waitFor();
  await page.getByRole('link', { name: 'The audit trail has it' }).click();
  await page.getByRole('table').getByText('agents.restart').first().waitFor();
});

test('the jobs of one agent stand in the address, and the old address of jobs still leads there', async () => {
  await page.goto('/settings?tab=jobs');
  await jobs().getByText('detect.sweep').waitFor();
  expect(new URL(page.url()).pathname).toBe('/agents');
  await page.getByRole('button', { name: 'Repair', exact: true }).click();
  await jobs().getByText('repair.work').waitFor();
  expect(page.url()).toContain('agent=Repair');
  expect(await jobs().getByText('detect.sweep').count()).toBe(0);
  await page.reload();
  await jobs().getByText('repair.work').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await jobs().getByText('detect.sweep').waitFor();
});

test('a change of the file shows without a reload', async () => {
  await page.goto('/agents');
  await row('Performance').getByText('Idle').or(row('Performance').getByText('Well')).waitFor();
  writeFileSync(hub.configFile, 'agents: { performance: { enabled: false } }\n');
  await row('Performance').getByText('Off', { exact: true }).waitFor();
  await row('Learning').getByText('Well').waitFor();
});

test('a tenant’s people have no such room, and are told why when they follow a link', async () => {
  writeFileSync(hub.configFile, 'tenants: [{ id: acme }]\n');
  await addPerson(hub, { email: 'ta@example.test', name: 'Tanya', role: 'admin', tenant: 'acme' });
  const cookie = await signedIn(hub, 'ta@example.test');
  const [name = '', value = ''] = cookie.split(/=(.*)/s);
  const theirs = await openPage(browser, hub.url);
  await theirs.page.context().addCookies([{ name, value, url: hub.url }]);
  await theirs.page.goto('/agents');
  await theirs.page.getByText('this page is for those who run the hub').waitFor();
  expect(await theirs.page.getByRole('navigation', { name: 'Rooms' }).getByText('Agents').count()).toBe(0);
  await theirs.close();
});
