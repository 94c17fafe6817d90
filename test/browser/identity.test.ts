import { createHmac } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN, ADMIN_ENV, openBrowser, openPage, signIn } from '../services/browser.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { startOidc } from '../services/oidc.ts';
import { freePort } from '../services/ports.ts';

let browser: Browser;
let hub: RunningHub;
let oidc: Awaited<ReturnType<typeof startOidc>>;
let base: string;

const PEOPLE = [
  { sub: 'kc-1', name: 'Grace Hopper', email: 'grace@example.test', roles: ['operator'] },
  { sub: 'kc-2', name: 'Nobody Special', email: 'nobody@example.test', roles: ['uma_authorization'] },
  { sub: 'kc-3', name: 'Stranger', email: 'stranger@example.test', roles: ['admin'], tenant: 'nowhere' },
];

beforeAll(async () => {
  const port = await freePort();
  // Passkeys take a name, and localhost is one.
  base = `http://localhost:${port}`;
  oidc = await startOidc({ redirectUri: () => `${base}/api/auth/oidc/callback`, people: PEOPLE });
  const env = {
    ...ADMIN_ENV,
    ORRERY_PUBLIC_URL: base,
    OIDC_ISSUER: oidc.issuer,
    OIDC_AUDIENCE: 'orrery',
    OIDC_CLIENT_ID: 'orrery-console',
    OIDC_CLIENT_SECRET: 'a-secret-of-the-test-client',
  };
  [browser, hub] = await Promise.all([openBrowser(), startHub({ port, env })]);
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
  await oidc?.close();
});

async function throughProvider(page: Page, login: string): Promise<void> {
  await page.goto('/admin/login?next=/settings?tab=config');
  await page.getByRole('link', { name: /single sign-on/ }).click();
  await page.locator('input[name="login"]').fill(login);
  await page.locator('input[name="password"]').fill('any');
  await page.getByRole('button', { name: /sign-in/i }).click();
  await page.getByRole('button', { name: /continue/i }).click();
}

test('a person of the identity provider signs in with its role, and is the same person the next time', async () => {
  for (let time = 0; time < 2; time++) {
    const { page, close } = await openPage(browser, base);
    await throughProvider(page, 'kc-1');
    await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
    expect(page.url()).toContain('/settings?tab=config');
    const me = await page.evaluate(async () => (await fetch('/api/me')).json());
    expect(me).toMatchObject({ kind: 'user', name: 'Grace Hopper', role: 'operator', email: 'grace@example.test' });
    const cookies = await page.context().cookies(base);
    expect(cookies.find(({ name }) => name.endsWith('session_token'))).toMatchObject({
      httpOnly: true,
      sameSite: 'Strict',
    });
    await close();
  }
  const { items } = await hub.api.read<{ items: { email: string; signIn: string[] }[] }>('/api/users');
  expect(items.filter(({ email }) => email === 'grace@example.test')).toMatchObject([{ signIn: ['oidc'] }]);
});

test.each(['kc-2', 'kc-3'])('%s, without a role or of an unknown tenant, is led back', async (login) => {
  const { page, close } = await openPage(browser, base);
  await throughProvider(page, login);
  await page.getByText('did not lead to an account here').waitFor();
  expect((await page.context().cookies(base)).some(({ name }) => name.endsWith('session_token'))).toBe(false);
  await close();
});

test('an answer that this browser did not ask for opens nothing', async () => {
  const { page, close } = await openPage(browser, base);
  await page.goto('/api/auth/oidc/callback?code=stolen&state=guessed');
  await page.getByText('did not lead to an account here').waitFor();
  await close();
});

test('an invited person makes an account, adds a passkey, and signs in by it', async () => {
  const { body: made } = await hub.api.post<{ link: string }>('/api/invitations', {
    email: 'hedy@example.test',
    role: 'operator',
  });
  const { page, troubles, close } = await openPage(browser, base);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto(made.link);
  await page.getByLabel('Name').fill('Hedy Lamarr');
  await page.locator('input[name="password"]').fill('a frequency that hops');
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  await page.goto('/profile');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByLabel('Name').fill('This laptop');
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await page.getByText('This laptop').waitFor();
  await page.context().clearCookies();
  await page.goto('/admin/login');
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  expect(await page.evaluate(async () => (await fetch('/api/me')).json())).toMatchObject({
    email: 'hedy@example.test',
  });
  expect(troubles).toEqual([]);
  await close();
});

test('the second factor is set up with the app’s code, and asked for from then on', async () => {
  const { page, close } = await openPage(browser, base);
  await signIn(page);
  await page.goto('/profile');
  await page.getByRole('textbox', { name: 'Your password' }).fill(ADMIN.password);
  await page.getByRole('button', { name: 'Set it up' }).click();
  const secret = await page.getByRole('textbox', { name: 'Or enter the secret' }).inputValue();
  await page.locator('input[name="code"]').fill(totp(secret, 0));
  await page.getByRole('button', { name: 'Switch it on' }).click();
  await page.getByText('Keep your recovery codes').waitFor();
  await page.context().clearCookies();
  await page.goto('/admin/login');
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.locator('input[name="password"]').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByLabel('Code of your authenticator app').fill(totp(secret, 1));
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  await page.goto('/settings?tab=keys');
  await page.getByRole('button', { name: 'Change Hedy Lamarr' }).waitFor();
  await close();
});

function totp(secret: string, steps: number): string {
  let bits = '';
  for (const letter of secret) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
