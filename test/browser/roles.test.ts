import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, openPage, signIn } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { addPerson, PASSWORD } from '../services/people.ts';

let browser: Browser;
let hub: RunningHub;

beforeAll(async () => {
  const project = (slug: string, name: string, tenant: string) =>
    `  - { slug: ${slug}, name: ${name}, hubUrl: "http://127.0.0.1:1", tenant: ${tenant} }\n`;
  const yaml = `network: { allowPrivate: true }\nprojects:\n${project('acme-shop', 'Acme shop', 'acme')}${project('zebra-shop', 'Zebra shop', 'zebra')}`;
  [browser, hub] = await Promise.all([openBrowser(), startHub({ yaml })]);
  await addPerson(hub, { email: 'vi@example.test', name: 'Vi', role: 'viewer' });
  await addPerson(hub, { email: 'op@example.test', name: 'Op', role: 'operator' });
  await addPerson(hub, { email: 'tess@acme.test', name: 'Tess', role: 'viewer', tenant: 'acme' });
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
});

/** What stands in the rail of somebody who has signed in, and the page that they see. */
async function deskOf(email: string, path = '/') {
  const { page, troubles, close } = await openPage(browser, hub.url);
  await signIn(page, { email, password: PASSWORD });
  await page.goto(path);
  const rail = page.getByRole('navigation', { name: 'Rooms' });
  await rail.waitFor();
  await page.getByRole('heading', { level: 1 }).waitFor();
  const rooms = await rail.getByRole('listitem').allInnerTexts();
  return { page, troubles, close, rooms: rooms.map((room) => room.split('\n')[0]?.trim()) };
}

test('a viewer sees no room that the role may not enter, and the hub refuses what lies behind', async () => {
  const { page, rooms, troubles, close } = await deskOf('vi@example.test');
  expect(rooms).toEqual(['Dashboard']);
  expect(new URL(page.url()).pathname).toBe('/dashboard');
  const refused = await page.request.get(`${hub.url}/api/fed/projects`);
  expect(refused.status()).toBe(403);
  expect(troubles).toEqual([]);
  await close();
});

test('an operator works, and finds nothing that only an administrator may do', async () => {
  const { page, rooms, close } = await deskOf('op@example.test', '/projects');
  expect(rooms).toContain('Projects');
  expect(rooms).not.toContain('Dashboard');
  await page.getByText('Zebra shop').first().waitFor();
  expect(await page.getByRole('button', { name: 'Add project' }).count()).toBe(0);
  const refused = await page.request.post(`${hub.url}/api/keys`, { data: { name: 'x', role: 'viewer' } });
  expect(refused.status()).toBe(403);
  await close();
});

test('somebody of a tenant sees on the dashboard what is the tenant’s, whatever the role, and nothing of others', async () => {
  const { page, rooms, troubles, close } = await deskOf('tess@acme.test');
  expect(rooms).toEqual(['Dashboard']);
  await page.getByText('Acme shop').first().waitFor();
  await page.getByRole('region', { name: 'AI usage' }).waitFor();
  expect((await page.content()).toLowerCase()).not.toContain('zebra');
  const own = await page.request.get(`${hub.url}/api/dashboard`);
  expect((await own.text()).includes('zebra')).toBe(false);
  expect(troubles).toEqual([]);
  await close();
});
