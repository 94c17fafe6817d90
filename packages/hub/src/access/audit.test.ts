import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, inTransaction } from '../platform/db.ts';
import { temporaryDatabase } from '../platform/testing.ts';
import { audit, verifyAudit } from './audit.ts';
import { systemCaller } from './caller.ts';
import type { AccessTables } from './tables.ts';

let database: Database;
const q = () => database.db.withTables<AccessTables>();
const caller = { ...systemCaller('test'), ip: '192.0.2.1' };
const write = (n: number) =>
  audit(database.db, {
    caller,
    verb: 'things.change',
    target: `thing ${n}`,
    before: { n },
    after: { n: n + 1 },
    at: n,
  });

beforeEach(async () => {
  database = await temporaryDatabase();
  for (let n = 1; n <= 5; n++) await write(n);
});
afterEach(() => database.close());

describe('the trail', () => {
  it('is one chain, and says who did what to what from where, before and after', async () => {
    expect(await verifyAudit(database.db)).toMatchObject({ ok: true, entries: 5 });
    const row = await q().selectFrom('audit').selectAll().where('seq', '=', 3).executeTakeFirst();
    expect(row).toMatchObject({
      actor_kind: 'system',
      actor_id: 'system:test',
      ip: '192.0.2.1',
      verb: 'things.change',
      target: 'thing 3',
      before_state: '{"n":3}',
      after_state: '{"n":4}',
      at: 3,
    });
  });
  it('of nothing is whole too', async () => {
    const empty = await temporaryDatabase();
    expect(await verifyAudit(empty.db)).toMatchObject({ ok: true, entries: 0 });
    await empty.close();
  });
  it('keeps nothing of a change that was rolled back', async () => {
    const failed = inTransaction(database.db, async (trx) => {
      await audit(trx, { caller, verb: 'things.change', target: 'never', at: 6 });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await write(6);
    expect(await verifyAudit(database.db)).toMatchObject({ ok: true, entries: 6 });
  });
  it('stays whole over more entries than are read at once', async () => {
    await inTransaction(database.db, async (trx) => {
      for (let n = 6; n <= 1205; n++) await audit(trx, { caller, verb: 'v', target: 't', at: n });
    });
    expect(await verifyAudit(database.db)).toMatchObject({ ok: true, entries: 1205 });
  });
});

describe('tampering is found where it is', () => {
  // Whoever owns the database can take its triggers away; the chain is for them.
  beforeEach(async () => {
    for (const name of ['audit_no_update', 'audit_no_delete', 'audit_head_forward', 'audit_head_stays'])
      await sql`DROP TRIGGER ${sql.ref(name)}`.execute(database.db);
  });
  it.each([
    ['the time', { at: 99 }],
    ['the actor', { actor_id: 'somebody else' }],
    ['the name', { actor_name: 'x' }],
    ['the address', { ip: null }],
    ['the verb', { verb: 'things.keep' }],
    ['the target', { target: 'thing 4' }],
    ['the project', { project: 'veria' }],
    ['the tenant', { tenant: 'acme' }],
    ['the state before', { before_state: null }],
    ['the state after', { after_state: '{"n":5}' }],
    ['its own hash', { hash: 'f'.repeat(64) }],
  ])('in %s of an entry', async (_what, change) => {
    await q().updateTable('audit').set(change).where('seq', '=', 3).execute();
    expect(await verifyAudit(database.db)).toEqual({ ok: false, seq: 3, reason: expect.stringContaining('changed') });
  });
  it('when an entry is taken out, or the last ones are cut off', async () => {
    await q().deleteFrom('audit').where('seq', '=', 2).execute();
    expect(await verifyAudit(database.db)).toMatchObject({ ok: false, seq: 2, reason: 'the entry is missing' });
    await q().deleteFrom('audit').where('seq', '>', 1).execute();
    expect(await verifyAudit(database.db)).toMatchObject({ ok: false, seq: 2 });
    await q().updateTable('audit_head').set({ seq: 1 }).execute();
    expect(await verifyAudit(database.db)).toMatchObject({
      ok: false,
      seq: 1,
      reason: expect.stringContaining('head'),
    });
  });
  it('by an entry that was kept elsewhere, when somebody has written a whole new chain', async () => {
    const { hash } = await q().selectFrom('audit').select('hash').where('seq', '=', 3).executeTakeFirstOrThrow();
    expect(await verifyAudit(database.db, { seq: 3, hash })).toMatchObject({ ok: true });
    await q().deleteFrom('audit').execute();
    await q()
      .updateTable('audit_head')
      .set({ seq: 0, hash: '0'.repeat(64) })
      .execute();
    for (let n = 11; n <= 13; n++) await write(n);
    expect(await verifyAudit(database.db)).toMatchObject({ ok: true, entries: 3 });
    expect(await verifyAudit(database.db, { seq: 3, hash })).toMatchObject({ ok: false, seq: 3 });
    expect(await verifyAudit(database.db, { seq: 4, hash })).toMatchObject({ ok: false, seq: 4 });
  });
  it('when two entries change places', async () => {
    await q().updateTable('audit').set({ seq: 99 }).where('seq', '=', 2).execute();
    await q().updateTable('audit').set({ seq: 2 }).where('seq', '=', 3).execute();
    await q().updateTable('audit').set({ seq: 3 }).where('seq', '=', 99).execute();
    expect(await verifyAudit(database.db)).toMatchObject({ ok: false, seq: 2 });
  });
});
