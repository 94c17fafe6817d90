import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import { type Database, inTransaction, openDatabase } from '../platform/db.ts';
import { audit, verifyAudit } from './audit.ts';
import { systemCaller } from './caller.ts';
import { createLockout } from './lockout.ts';
import type { AccessTables } from './tables.ts';
import { ADMIN, cookieOf, openRig, type Rig } from './testing.ts';

// Two hubs on one database; on PostgreSQL each has connections of its own, an SQLite file belongs to one process.
eachDatabase((name, open) => {
  let first: TestDatabase;
  let second: Database;
  let a: Rig;
  let b: Rig;
  const q = () => first.db.withTables<AccessTables>();
  beforeAll(async () => {
    first = await open();
    second = name === 'postgres' ? await openDatabase(first.options) : first;
    a = openRig(first);
    b = openRig(second);
  });
  afterAll(async () => {
    await a.access.close();
    await b.access.close();
    if (second !== first) await second.close();
  });
  const admin = (rig: Rig) => ({ 'x-api-key': rig.access.localKey });

  it('two hubs print a link each; both people use theirs at once, and one administrator is made', async () => {
    const token = async (rig: Rig) => new URL((await rig.access.setupUrl()) ?? '').searchParams.get('token');
    const bodies = [
      { ...ADMIN, token: await token(a) },
      { ...ADMIN, token: await token(b), email: 'eve@example.com' },
    ];
    const answers = await Promise.all([
      a.call('/api/setup', { body: bodies[0] }),
      b.call('/api/setup', { body: bodies[1] }),
    ]);
    expect(answers.map((r) => r.status).sort()).toEqual([200, 410]);
    const won = answers.find((r) => r.status === 200) as Response;
    expect((await b.call('/api/me', { cookie: cookieOf(won) })).status).toBe(200);
    expect(await q().selectFrom('users').selectAll().execute()).toHaveLength(1);
  });

  it('people are stored and read back in full: role, dates, sessions, an end that slides', async () => {
    await a.access.seedAdmin(systemCaller('test'), { ...ADMIN, email: 'grace@example.com', name: 'Grace Ω' });
    await q().deleteFrom('sessions').execute();
    const cookie = await a.signIn('grace@example.com');
    const me = (await (await b.call('/api/me', { cookie })).json()) as object;
    expect(me).toMatchObject({ kind: 'user', name: 'Grace Ω', role: 'admin', email: 'grace@example.com' });
    const row = await q().selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
    expect(row.expires_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(row.ip_address).toBe('192.0.2.7');
    await q()
      .updateTable('sessions')
      .set({ expires_at: new Date(Date.now() + 86_400_000).toISOString() })
      .execute();
    expect((await b.call('/api/me', { cookie })).headers.getSetCookie()).toHaveLength(1);
    const slid = await q().selectFrom('sessions').select('expires_at').executeTakeFirstOrThrow();
    expect(Date.parse(slid.expires_at)).toBeGreaterThan(Date.now() + 6.9 * 86_400_000);
    await a.access.sweep();
    expect((await a.call('/api/me', { cookie })).status).toBe(200);
    const user = await q().selectFrom('users').selectAll().where('name', '=', 'Grace Ω').executeTakeFirstOrThrow();
    expect(user).toMatchObject({ email_verified: 0, role: 'admin' });
  });

  it('an address has one account, whoever asks at the same time', async () => {
    const input = { email: 'twin@example.com', password: ADMIN.password };
    const seeded = await Promise.all([a, b, a, b].map((rig) => rig.access.seedAdmin(systemCaller('test'), input)));
    expect(seeded.map((s) => s.status).sort()).toEqual(['created', 'exists', 'exists', 'exists']);
  });

  it('a key that two people revoke at once is revoked once, and ends on the other hub within 5 s', async () => {
    const made = await a.call('/api/keys', {
      headers: admin(a),
      body: { name: 'k', role: 'operator', projects: ['veria'] },
    });
    const { key, id } = (await made.json()) as { key: string; id: string };
    const onB = () => b.call('/api/may/ops-view', { headers: { 'x-api-key': key } });
    expect((await onB()).status).toBe(200);
    const stream = await b.call('/api/stream', { headers: { 'x-api-key': key } });
    const reader = stream.body?.getReader();
    let ended = false;
    void (async () => {
      while (!(await reader?.read())?.done);
      ended = true;
    })();
    const revoke = (rig: Rig) => rig.call(`/api/keys/${id}`, { method: 'DELETE', headers: admin(rig) });
    const answers = await Promise.all([revoke(a), revoke(a)]);
    expect(answers.map((r) => r.status).sort()).toEqual([200, 409]);
    await until(async () => (await onB()).status === 401, {
      timeoutMs: 5000,
      what: 'the key is refused on the other hub',
    });
    await until(() => ended, { timeoutMs: 5000, what: 'the stream on the other hub is cut' });
    const row = await q().selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect(row.last_used_at).toBeGreaterThan(Date.now() - 60_000);
  });

  it('attempts at the same time on two hubs are counted one by one', async () => {
    const clock = { now: () => Date.now(), monotonic: () => performance.now() };
    const hubs = [createLockout({ db: first.db, clock }), createLockout({ db: second.db, clock })];
    const tries = Array.from({ length: 24 }, (_, i) => hubs[i % 2]?.charge('crowd@example.com', `198.51.100.${i}`));
    const outcomes = (await Promise.allSettled(tries)).map((t) => (t.status === 'fulfilled' ? 'tried' : t.reason.code));
    expect(outcomes.filter((o) => o === 'tried')).toHaveLength(6);
    expect(outcomes.filter((o) => o === 'rate_limited')).toHaveLength(18);
  });

  describe('the trail', () => {
    it('is one chain without gaps when two hubs write at once, and some of them fail', async () => {
      const before = await verifyAudit(first.db);
      if (!before.ok) throw new Error(before.reason);
      const write = (n: number) =>
        inTransaction(n % 2 ? first.db : second.db, async (trx) => {
          await audit(trx, { caller: systemCaller(`hub ${n % 2}`), verb: 'v', target: `t${n}`, after: { n }, at: n });
          if (n % 5 === 0) throw new Error('rolled back');
        });
      const done = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => write(n)));
      const kept = done.filter((d) => d.status === 'fulfilled').length;
      expect(kept).toBe(48);
      expect(await verifyAudit(second.db)).toMatchObject({ ok: true, entries: before.entries + kept });
    });
    it('shows an entry that was changed', async () => {
      // Somebody who may change the schema too.
      await (name === 'postgres'
        ? sql`DROP TRIGGER audit_append_only ON audit`
        : sql`DROP TRIGGER audit_no_update`
      ).execute(first.db);
      await q().updateTable('audit').set({ actor_name: 'nobody' }).where('seq', '=', 2).execute();
      expect(await verifyAudit(second.db)).toMatchObject({ ok: false, seq: 2 });
    });
  });

  if (name === 'postgres')
    it('odd texts in headers reach PostgreSQL as parameters or not at all', async () => {
      const odd = ["orr_0123456789abcdef_' OR '1'='1", `orr_0123456789abcdef_${'A'.repeat(43)}`, 'A'.repeat(43)];
      for (const text of odd) expect((await a.call('/api/me', { headers: { 'x-api-key': text } })).status).toBe(401);
      const seen = await sql<{
        query: string;
      }>`SELECT query FROM pg_stat_activity WHERE query LIKE '%api_keys%'`.execute(second.db);
      expect(seen.rows.length).toBeGreaterThan(0);
      for (const { query } of seen.rows) expect(query).not.toMatch(/0123456789abcdef|AAAA/);
    });
});
