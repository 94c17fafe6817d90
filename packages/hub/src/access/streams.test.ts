import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from '../platform/clock.ts';
import type { Database } from '../platform/db.ts';
import { silentLog, temporaryDatabase } from '../platform/testing.ts';
import { systemCaller } from './caller.ts';
import { createRights } from './rights.ts';
import { createStreams } from './streams.ts';
import type { AccessTables } from './tables.ts';
import { ADMIN, openRig, type Rig } from './testing.ts';

let database: Database;
/** The hub that holds the streams looks only when told, the other one is the hub where things are revoked. */
let holder: Rig;
let other: Rig;
const q = () => database.db.withTables<AccessTables>();

beforeAll(async () => {
  database = await temporaryDatabase();
  holder = openRig(database, { staleMs: 60_000 });
  other = openRig(database, { staleMs: 50 });
  await holder.access.seedAdmin(systemCaller('test'), ADMIN);
});
afterAll(async () => {
  await holder.access.close();
  await other.access.close();
  await database.close();
});

const rightsOn = ({ db }: Database) => createRights({ db, projectsOfTenant: async () => [], rbac: () => true });

/** Opens a stream, reads its first message, and tells when it ends. */
async function openStream(rig: Rig, call: Parameters<Rig['call']>[1]) {
  const response = await rig.call('/api/stream', call);
  expect(response.status).toBe(200);
  const reader = response.body?.getReader();
  await reader?.read();
  let ended = false;
  const reading = (async () => {
    while (!(await reader?.read())?.done);
    ended = true;
  })();
  return { ended: () => ended, cut: () => until(() => ended, { timeoutMs: 4000, what: 'the stream is cut' }), reading };
}

describe('an open stream', () => {
  it('is cut at once by sign-out, and those of other sessions are not', async () => {
    const [mine, another] = [await holder.signIn(), await holder.signIn()];
    const stream = await openStream(holder, { cookie: mine });
    const kept = await openStream(holder, { cookie: another });
    await holder.call('/api/auth/sign-out', { cookie: mine, body: {} });
    await stream.cut();
    expect(kept.ended()).toBe(false);
    await holder.call('/api/auth/sign-out', { cookie: another, body: {} });
    await kept.cut();
  });
  it('is cut at once by a new password', async () => {
    const cookie = await holder.signIn();
    const stream = await openStream(holder, { cookie });
    const body = { currentPassword: ADMIN.password, newPassword: `${ADMIN.password} 2` };
    expect((await holder.call('/api/auth/change-password', { cookie, body })).status).toBe(200);
    await stream.cut();
    const fresh = await holder.signIn(ADMIN.email, body.newPassword);
    const back = { currentPassword: body.newPassword, newPassword: ADMIN.password };
    await holder.call('/api/auth/change-password', { cookie: fresh, body: back });
  });
  it('is cut at once when its key is revoked', async () => {
    const admin = { 'x-api-key': holder.access.localKey };
    const made = await holder.call('/api/keys', { headers: admin, body: { name: 'stream', role: 'operator' } });
    const { key, id } = (await made.json()) as { key: string; id: string };
    const stream = await openStream(holder, { headers: { 'x-api-key': key } });
    await holder.call(`/api/keys/${id}`, { method: 'DELETE', headers: admin });
    await stream.cut();
  });
  it('is cut soon when another hub ended its session, its key or its role', async () => {
    const cookie = await other.signIn();
    const bySession = await openStream(other, { cookie });
    await holder.call('/api/auth/sign-out', { cookie, body: {} });
    await bySession.cut();

    const byRole = await openStream(other, { cookie: await other.signIn() });
    await q().updateTable('users').set({ role: 'viewer' }).execute();
    await byRole.cut();
    await q().updateTable('users').set({ role: 'admin' }).execute();

    const byAge = await openStream(other, { cookie: await other.signIn() });
    await q()
      .updateTable('sessions')
      .set({ expires_at: new Date(0).toISOString() })
      .execute();
    await byAge.cut();
  });
  it('of the process itself is never cut', async () => {
    const stream = await openStream(other, { headers: { 'x-api-key': other.access.localKey } });
    const cookie = await other.signIn();
    const session = await openStream(other, { cookie });
    await other.call('/api/auth/sign-out', { cookie, body: {} });
    await session.cut();
    expect(stream.ended()).toBe(false);
  });
});

describe('watching', () => {
  const credential = { kind: 'key', id: '00000000000000ff', rights: '', expiresAt: Infinity } as const;
  it('cuts a credential that was lost before the watch began, once', async () => {
    const streams = createStreams({
      db: database.db,
      clock: systemClock,
      log: silentLog,
      rights: rightsOn(database),
      checkMs: 10,
    });
    let cuts = 0;
    streams.watch(credential, () => cuts++);
    await until(() => cuts === 1, { what: 'the stream is cut' });
    streams.check();
    await streams.close();
    expect(cuts).toBe(1);
  });
  it('keeps streams while the database cannot be asked, and asks again', async () => {
    const gone = await temporaryDatabase();
    const streams = createStreams({
      db: gone.db,
      clock: systemClock,
      log: silentLog,
      rights: rightsOn(gone),
      checkMs: 10,
    });
    await gone.close();
    let cuts = 0;
    const stop = streams.watch(credential, () => cuts++);
    streams.check();
    stop();
    await streams.close();
    expect(cuts).toBe(0);
  });
});
