import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN, openBrowser, openPage, signIn } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { until } from '../services/until.ts';

let browser: Browser;
let hub: RunningHub;

beforeAll(async () => {
  [browser, hub] = await Promise.all([openBrowser(), startHub()]);
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
});

test('whoever holds the printed link becomes the first administrator, once', async () => {
  const link = await until(() => hub.setupUrl(), { what: 'the printed link' });
  const { page, troubles, close } = await openPage(browser, hub.url);
  await page.goto(link);
  await page.getByLabel('Name').fill('Ada Lovelace');
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.locator('input[name="password"]').fill('short');
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await page.getByText('must have at least 12 characters').waitFor();
  await page.locator('input[name="password"]').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  await page.getByText('Nothing is watched yet').waitFor();
  await page.getByRole('button', { name: /signed in as Ada Lovelace/i }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/');
  await page.goto(link);
  await page.getByText('This hub has its first administrator').waitFor();
  expect(troubles).toEqual([]);
  await close();
});

test('a wrong password is refused in words, the right one leads to where one wanted to go', async () => {
  const { page, close } = await openPage(browser, hub.url);
  await page.goto('/settings?tab=config');
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.locator('input[name="password"]').fill('this is not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page
    .getByRole('alert')
    .filter({ hasText: /password|sign in/i })
    .waitFor();
  await page.locator('input[name="password"]').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  expect(page.url()).toContain('/settings?tab=config');
  await close();
});

test('signing out ends the session, here and for the cookie', async () => {
  const { page, troubles, close } = await openPage(browser, hub.url);
  await signIn(page);
  const cookies = await page.context().cookies();
  const session = cookies.find((cookie) => cookie.httpOnly);
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  await page.getByRole('button', { name: /signed in as/i }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  const again = await fetch(`${hub.url}/api/me`, {
    headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') },
  });
  expect(again.status).toBe(401);
  expect(troubles).toEqual([]);
  await close();
});

test('a link to elsewhere is not followed after the sign-in', async () => {
  const { page, close } = await openPage(browser, hub.url);
  await page.goto('/admin/login?next=https://evil.example/');
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.locator('input[name="password"]').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  expect(new URL(page.url()).origin).toBe(hub.url);
  await close();
});
