import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/db.ts';
import { temporaryDatabase } from '../platform/testing.ts';
import { verifyAudit } from './audit.ts';
import { projectCaller, systemCaller } from './caller.ts';
import type { AccessTables } from './tables.ts';
import { ADMIN, cookieOf, ORIGIN, openRig, type Rig } from './testing.ts';

let database: Database;
let rig: Rig;
let now = Date.parse('2026-11-02T09:00:00Z');
const clock: Clock = { now: () => now, monotonic: () => performance.now() };
const users = () => database.db.withTables<AccessTables>().selectFrom('users').selectAll().execute();

beforeEach(async () => {
  database = await temporaryDatabase();
  rig = openRig(database, { clock });
});
afterEach(async () => {
  await rig.access.close();
  await database.close();
});

const token = async () => new URL((await rig.access.setupUrl()) ?? '').searchParams.get('token') ?? '';
const setup = (body: unknown, headers: Record<string, string> = {}) => rig.call('/api/setup', { body, headers });
const needed = async () => ((await (await rig.call('/api/setup')).json()) as { needed: boolean }).needed;

describe('the one-time link', () => {
  it('makes the first administrator, signs them in, and is over', async () => {
    expect(await needed()).toBe(true);
    const link = (await rig.access.setupUrl('http://hub.example:5400')) ?? '';
    expect(link).toMatch(/^http:\/\/hub\.example:5400\/setup\?token=setup_[\w-]{43}$/);
    const given = new URL(link).searchParams.get('token');
    const response = await setup({ token: given, ...ADMIN });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ kind: 'user', role: 'admin', email: ADMIN.email, name: 'Ada' });
    expect((await rig.call('/api/may/configure', { cookie: cookieOf(response) })).status).toBe(200);
    expect(await needed()).toBe(false);
    expect(await rig.access.setupUrl()).toBeUndefined();
    expect((await setup({ token: given, ...ADMIN, email: 'eve@example.com' })).status).toBe(410);
    expect(await users()).toHaveLength(1);
    await rig.signIn();
  });
  it('lets one of two at the same time win', async () => {
    const given = await token();
    const people = ['ada@example.com', 'eve@example.com', 'mallory@example.com'];
    const answers = await Promise.all(people.map((email) => setup({ token: given, ...ADMIN, email })));
    expect(answers.map((a) => a.status).sort()).toEqual([200, 410, 410]);
    expect(await users()).toHaveLength(1);
    expect(await verifyAudit(database.db)).toMatchObject({ ok: true, entries: 2 });
  });
  it('is good for a day, only whole, and not stored', async () => {
    const given = await token();
    const stored = await database.db.withTables<AccessTables>().selectFrom('setup_tokens').selectAll().execute();
    expect(JSON.stringify(stored)).not.toContain(given);
    for (const wrong of [`${given}x`, given.slice(0, -1), 'x', "' OR 1=1--"])
      expect((await setup({ token: wrong, ...ADMIN })).status).toBe(403);
    now += 24 * 3_600_000;
    expect((await setup({ token: given, ...ADMIN })).status).toBe(403);
    expect((await setup({ token: await token(), ...ADMIN })).status).toBe(200);
  });
  it('names what is wrong, stores nothing, and stays good', async () => {
    const given = await token();
    const bad = [
      { token: given, ...ADMIN, password: 'too short' },
      { token: given, ...ADMIN, email: 'nobody' },
      { token: given, ...ADMIN, name: '\u0007' },
      { token: given, ...ADMIN, role: 'admin' },
    ];
    for (const body of bad) expect((await setup(body)).status).toBe(400);
    expect((await setup({ token: given, ...ADMIN }, { origin: 'https://evil.example' })).status).toBe(403);
    expect(await users()).toEqual([]);
    expect((await setup({ token: given, ...ADMIN }, { origin: ORIGIN })).status).toBe(200);
  });
});

describe('the administrator that the environment names', () => {
  const config = { adminEmail: 'Ops@Example.com', adminPassword: 'from the environment' };
  it('is made by the first start and left alone by the next, whatever the variable says then', async () => {
    const first = openRig(database, { clock, config });
    await first.access.start();
    await first.access.start();
    expect(await first.access.setupUrl()).toBeUndefined();
    const later = openRig(database, { clock, config: { ...config, adminPassword: 'another pass phrase' } });
    await later.access.start();
    expect(await users()).toMatchObject([{ email: 'ops@example.com', role: 'admin' }]);
    await later.signIn('ops@example.com', config.adminPassword);
    await expect(later.signIn('ops@example.com', 'another pass phrase')).rejects.toThrow('401');
    for (const one of [first, later]) await one.access.close();
  });
  it('is made once when two hubs start together', async () => {
    const hubs = [openRig(database, { clock, config }), openRig(database, { clock, config })];
    await Promise.all(hubs.map((hub) => hub.access.start()));
    expect(await users()).toHaveLength(1);
    for (const hub of hubs) await hub.access.close();
  });
  it('is refused with the reason when the address is none', async () => {
    const broken = openRig(database, { config: { adminEmail: 'ops', adminPassword: config.adminPassword } });
    await expect(broken.access.start()).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('email'),
    });
    await broken.access.close();
  });
});

describe('seeding an administrator', () => {
  it('makes a password when none is given, and says it once', async () => {
    const seeded = await rig.access.seedAdmin(systemCaller('cli'), { email: 'new@example.com' });
    if (seeded.status !== 'created' || seeded.password === undefined) throw new Error('no password came back');
    expect(seeded.password).toMatch(/^[\w-]{24}$/);
    await rig.signIn('new@example.com', seeded.password);
    const again = await rig.access.seedAdmin(systemCaller('cli'), {
      email: 'NEW@example.com',
      password: 'a new pass phrase',
    });
    expect(again).toEqual({ status: 'exists', email: 'new@example.com' });
    await rig.signIn('new@example.com', seeded.password);
  });
  it('is for callers that may configure', async () => {
    await expect(rig.access.seedAdmin(projectCaller('veria'), ADMIN)).rejects.toMatchObject({ code: 'forbidden' });
  });
});
