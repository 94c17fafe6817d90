import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../platform/db.ts';
import { temporaryDatabase } from '../platform/testing.ts';
import { verifyAudit } from './audit.ts';
import { systemCaller } from './caller.ts';
import type { AccessTables } from './tables.ts';
import { ADMIN, cookieOf, openRig, type Rig } from './testing.ts';

let database: Database;
let rig: Rig;
const q = () => database.db.withTables<AccessTables>();

beforeAll(async () => {
  database = await temporaryDatabase();
  rig = openRig(database);
  await rig.access.seedAdmin(systemCaller('test'), ADMIN);
});
afterAll(async () => {
  await rig.access.close();
  await database.close();
});

const { email, password } = ADMIN;

describe('signing in', () => {
  it('answers who is signed in and sets a cookie that scripts and other sites cannot use', async () => {
    const response = await rig.call('/api/auth/sign-in/email', { body: { email, password } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ kind: 'user', email, role: 'admin', projects: 'all' });
    const [cookie] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^orrery\.session_token=/);
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; SameSite=Strict/i);
    expect(cookie).toMatch(/; Max-Age=604800/);
    expect(cookie).not.toMatch(/Secure/);
  });
  it('sets a cookie that only TLS carries when people come over TLS', async () => {
    const tls = openRig(database, { config: { publicUrl: 'https://hub.example.com' } });
    const response = await tls.call('/api/auth/sign-in/email', { body: { email, password } });
    const [cookie = ''] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-orrery\.session_token=/);
    expect(cookie).toMatch(/; Secure/);
    expect((await tls.call('/api/me', { cookie: cookieOf(response) })).status).toBe(200);
    const plain = cookieOf(response).replace('__Host-', '');
    expect((await tls.call('/api/me', { cookie: plain })).status).toBe(401);
    await tls.access.close();
  });
  it('gives one answer for a wrong password and for an unknown address, and takes as long for both', async () => {
    const one = async (address: string, ip: string) => {
      const started = performance.now();
      const response = await rig.call('/api/auth/sign-in/email', { body: { email: address, password: 'wrong' }, ip });
      const took = performance.now() - started;
      const { requestId: _, ...answer } = (await response.json()) as Record<string, unknown>;
      return { status: response.status, answer, took };
    };
    const known = [];
    const unknown = [];
    for (let i = 0; i < 4; i++) {
      known.push(await one(email, `198.51.100.${i}`));
      unknown.push(await one('nobody@example.com', `198.51.100.${i}`));
    }
    expect(new Set([...known, ...unknown].map((a) => JSON.stringify([a.status, a.answer]))).size).toBe(1);
    expect(known[0]?.status).toBe(401);
    const fastest = (all: { took: number }[]) => Math.min(...all.map((a) => a.took));
    expect(fastest(unknown) / fastest(known)).toBeGreaterThan(1 / 3);
    expect(fastest(unknown) / fastest(known)).toBeLessThan(3);
    await rig.signIn();
  });
  it('refuses a page of another origin', async () => {
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    const response = await rig.call('/api/auth/sign-in/email', { body: { email, password }, headers });
    expect(response.status).toBe(403);
    expect(response.headers.getSetCookie()).toEqual([]);
  });
  it('reaches nothing of the library beyond what the hub offers', async () => {
    const paths = [
      'sign-up/email',
      'update-user',
      'delete-user',
      'request-password-reset',
      'ok',
      'error',
      'sign-in/social',
    ];
    for (const path of paths) {
      const response = await rig.call(`/api/auth/${path}`, { body: { email, password, name: 'x', role: 'admin' } });
      expect([path, response.status]).toEqual([path, 404]);
    }
    expect(await q().selectFrom('users').selectAll().execute()).toHaveLength(1);
  });
  it('names the field that is wrong and stores nothing of it', async () => {
    const response = await rig.call('/api/auth/sign-in/email', {
      body: { email: 'no address', password, role: 'admin' },
    });
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toMatch(/body\.email/);
  });
});

describe('a session', () => {
  it('ends with sign-out: the cookie is worthless at once, and the row is gone', async () => {
    const cookie = await rig.signIn();
    expect((await rig.call('/api/me', { cookie })).status).toBe(200);
    const out = await rig.call('/api/auth/sign-out', { body: {}, cookie });
    expect(out.status).toBe(200);
    expect(out.headers.getSetCookie().some((line) => /session_token=;.*Max-Age=0/.test(line))).toBe(true);
    expect((await rig.call('/api/me', { cookie })).status).toBe(401);
    expect(await (await rig.call('/api/auth/get-session', { cookie })).json()).toBeNull();
  });
  it('with a forged or foreign cookie is nobody, so that the sign-in page still opens', async () => {
    const good = await rig.signIn();
    const forged = [
      `${good.slice(0, -3)}AAA`,
      'orrery.session_token=x',
      'orrery.session_token=',
      `orrery.session_token=${'a'.repeat(5000)}`,
    ];
    for (const cookie of forged) {
      expect((await rig.call('/api/public', { cookie })).status).toBe(200);
      expect((await rig.call('/api/me', { cookie })).status).toBe(401);
    }
  });
  it('ends in the database at its time, whatever the browser keeps', async () => {
    const quick = openRig(database, { staleMs: 30 });
    const cookie = await quick.signIn();
    await q()
      .updateTable('sessions')
      .set({ expires_at: new Date(Date.now() - 1000).toISOString() })
      .execute();
    await expect.poll(async () => (await quick.call('/api/me', { cookie })).status, { timeout: 5000 }).toBe(401);
    await quick.access.sweep();
    expect(await q().selectFrom('sessions').selectAll().execute()).toEqual([]);
    await quick.access.close();
  });
  it('slides: a day of use moves its end and the age of the cookie to seven days from now', async () => {
    await q().deleteFrom('sessions').execute();
    const cookie = await rig.signIn();
    const fiveDays = new Date(Date.now() + 5 * 86_400_000).toISOString();
    await q().updateTable('sessions').set({ expires_at: fiveDays }).execute();
    const me = await rig.call('/api/me', { cookie });
    expect(me.headers.getSetCookie()[0]).toMatch(/Max-Age=604800/);
    const row = await q().selectFrom('sessions').select('expires_at').executeTakeFirstOrThrow();
    expect(Date.parse(row.expires_at)).toBeGreaterThan(Date.now() + 6.9 * 86_400_000);
    expect((await rig.call('/api/me', { cookie })).headers.getSetCookie()).toEqual([]);
  });
  it('is listed with where it comes from, without its token, and can be ended by its owner', async () => {
    await q().deleteFrom('sessions').execute();
    const mine = await rig.signIn(email, password, { ip: '203.0.113.9', headers: { 'user-agent': 'Firefox' } });
    const other = await rig.signIn(email, password, { ip: '203.0.113.10' });
    const list = (await (await rig.call('/api/auth/list-sessions', { cookie: mine })).json()) as {
      items: { id: string; current: boolean; ipAddress?: string; userAgent?: string }[];
    };
    expect(list.items).toHaveLength(2);
    const current = list.items.find((item) => item.current);
    expect(current).toMatchObject({ ipAddress: '203.0.113.9', userAgent: 'Firefox' });
    expect(JSON.stringify(list)).not.toContain(mine.split('=')[1]?.slice(0, 20));
    const foreign = list.items.find((item) => !item.current);
    const end = await rig.call('/api/auth/revoke-session', { cookie: mine, body: { id: foreign?.id } });
    expect(end.status).toBe(200);
    expect((await rig.call('/api/me', { cookie: other })).status).toBe(401);
    expect((await rig.call('/api/me', { cookie: mine })).status).toBe(200);
    for (const id of [foreign?.id, '*', '', 'null', '%00', '..', ':id', '\u0000'])
      expect((await rig.call('/api/auth/revoke-session', { cookie: mine, body: { id } })).status).toBe(404);
    await rig.call('/api/auth/revoke-sessions', { cookie: mine, body: {} });
    expect((await rig.call('/api/me', { cookie: mine })).status).toBe(401);
  });
  it('loses its rights with the role, within the time that another hub may be behind', async () => {
    const quick = openRig(database, { staleMs: 30 });
    const cookie = await quick.signIn();
    expect((await quick.call('/api/may/configure', { cookie })).status).toBe(200);
    await q().updateTable('users').set({ role: 'viewer' }).execute();
    await expect
      .poll(async () => (await quick.call('/api/may/configure', { cookie })).status, { timeout: 5000 })
      .toBe(403);
    await q().updateTable('users').set({ role: 'admin' }).execute();
    await quick.access.close();
  });
});

describe('changing the password', () => {
  const next = 'an even longer pass phrase';
  it('ends every session, opens one for this browser, and lets the old password in nowhere', async () => {
    const mine = await rig.signIn();
    const other = await rig.signIn();
    const wrong = { currentPassword: 'not it at all', newPassword: next };
    expect((await rig.call('/api/auth/change-password', { cookie: mine, body: wrong })).status).toBe(400);
    const short = { currentPassword: password, newPassword: 'short' };
    expect((await rig.call('/api/auth/change-password', { cookie: mine, body: short })).status).toBe(400);
    const response = await rig.call('/api/auth/change-password', {
      cookie: mine,
      body: { currentPassword: password, newPassword: next },
    });
    expect(response.status).toBe(200);
    for (const cookie of [mine, other]) expect((await rig.call('/api/me', { cookie })).status).toBe(401);
    expect((await rig.call('/api/me', { cookie: cookieOf(response) })).status).toBe(200);
    expect((await rig.call('/api/auth/sign-in/email', { body: { email, password } })).status).toBe(401);
    await rig.signIn(email, next);
  });
  it('lets one of two at the same time win', async () => {
    const cookie = await rig.signIn(email, next);
    const change = (to: string) =>
      rig.call('/api/auth/change-password', { cookie, body: { currentPassword: next, newPassword: to } });
    const answers = await Promise.all([change('first pass phrase'), change('second pass phrase')]);
    const statuses = answers.map((a) => a.status).sort();
    expect(statuses[0]).toBe(200);
    expect([400, 401, 409]).toContain(statuses[1]);
  });
  it('is not for keys', async () => {
    const key = { 'x-api-key': rig.access.localKey };
    const body = { currentPassword: next, newPassword: 'something else long' };
    expect((await rig.call('/api/auth/change-password', { headers: key, body })).status).toBe(403);
    expect((await rig.call('/api/auth/list-sessions', { headers: key })).status).toBe(403);
  });
});

it('everything above left one unbroken trail', async () => {
  expect(await verifyAudit(database.db)).toMatchObject({ ok: true });
  // Refused attempts are written a moment later, and so may or may not be there yet.
  const verbs = await q().selectFrom('audit').select('verb').distinct().where('verb', '!=', 'access.denied').execute();
  expect(verbs.map((row) => row.verb).sort()).toEqual([
    'sessions.end',
    'sessions.open',
    'sessions.revoke',
    'sessions.revokeAll',
    'users.password',
    'users.seed',
  ]);
});
