import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/db.ts';
import { temporaryDatabase } from '../platform/testing.ts';
import { systemCaller } from './caller.ts';
import { backOffMs, createLockout, networkOf } from './lockout.ts';
import { ADMIN, openRig, type Rig } from './testing.ts';

let database: Database;
let rig: Rig;
let now = Date.parse('2026-11-02T09:00:00Z');
const clock: Clock = { now: () => now, monotonic: () => performance.now() };

beforeAll(async () => {
  database = await temporaryDatabase();
  rig = openRig(database, { clock });
  await rig.access.seedAdmin(systemCaller('test'), ADMIN);
});
afterAll(async () => {
  await rig.access.close();
  await database.close();
});

it.each([
  [0, 0],
  [5, 0],
  [6, 30_000],
  [7, 60_000],
  [8, 120_000],
  [11, 900_000],
  [500, 900_000],
])('after %i failures the wait is %i ms', (failures, ms) => expect(backOffMs(failures, 5)).toBe(ms));

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0db8:0001:0002::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  ['', undefined],
  ["' OR 1=1", undefined],
])('the address %s counts as %s', (ip, network) => expect(networkOf(ip)).toBe(network));

const attempt = (email: string, password: string, ip: string) =>
  rig.call('/api/auth/sign-in/email', { body: { email, password }, ip });

describe('guessing', () => {
  it('is slowed down for an account, also for one that does not exist, and over after the wait', async () => {
    const lockout = createLockout({ db: database.db, clock });
    for (const email of [ADMIN.email, 'nobody@example.com']) {
      for (let i = 1; i <= 5; i++) await lockout.charge(email, `192.0.2.${i}`);
      expect((await attempt(email, 'wrong', '192.0.2.6')).status).toBe(401);
      const blocked = await attempt(email, ADMIN.password, '192.0.2.9');
      expect(blocked.status).toBe(429);
      expect(blocked.headers.get('retry-after')).toBe('30');
    }
    now += 30_000;
    expect((await attempt(ADMIN.email, ADMIN.password, '192.0.2.9')).status).toBe(200);
    expect((await attempt(ADMIN.email, 'wrong', '192.0.2.9')).status).toBe(401);
    expect((await attempt(ADMIN.email, ADMIN.password, '192.0.2.9')).status).toBe(200);
  });
  it('is slowed down for an address that tries many accounts, and for nobody else', async () => {
    const lockout = createLockout({ db: database.db, clock });
    for (let i = 0; i <= 30; i++) await lockout.charge(`person${i}@example.com`, '203.0.113.5');
    await expect(lockout.charge('another@example.com', '203.0.113.5')).rejects.toMatchObject({ code: 'rate_limited' });
    await lockout.charge('another@example.com', '203.0.113.6');
  });
  it('counts attempts that come at the same time one by one', async () => {
    const lockout = createLockout({ db: database.db, clock });
    const tries = Array.from({ length: 40 }, (_, i) => lockout.charge('crowd@example.com', `198.51.100.${i}`));
    const let_in = (await Promise.allSettled(tries)).filter((t) => t.status === 'fulfilled');
    expect(let_in).toHaveLength(6);
  });
  it('is forgotten after a quiet day', async () => {
    now += 25 * 3_600_000;
    await rig.access.sweep();
    const lockout = createLockout({ db: database.db, clock });
    for (let i = 0; i < 6; i++) await lockout.charge('crowd@example.com', '198.51.100.1');
    await expect(lockout.charge('crowd@example.com', '198.51.100.1')).rejects.toMatchObject({ code: 'rate_limited' });
  });
});
