import { expect, test } from 'vitest';
import { eachDatabase } from '../../../../../test/services/databases.ts';
import { type AuditEntry, type Caller, systemCaller } from '../../access/index.ts';
import { createSecrets } from '../../platform/secrets.ts';
import { silentLog } from '../../platform/testing.ts';
import { createContents } from './contents.ts';
import type { AccountTables } from './tables.ts';
import { call, DEAR, ledgerOn, served } from './testing.ts';

const staff = systemCaller('test');

eachDatabase((kind, open) => {
  test('what is said is kept for those who asked for it alone: redacted, sealed, for a while', async () => {
    const { db } = await open();
    let ahead = 0;
    const clock = { now: () => Date.now() + ahead, monotonic: () => performance.now() + ahead };
    const trail: AuditEntry[] = [];
    const { ledger } = ledgerOn(db, kind);
    const contents = createContents({
      db,
      clock,
      log: silentLog,
      secrets: createSecrets('a master key of thirty-two bytes or more'),
      config: () => ({ tenants: ['acme'], keepMs: 1000 * 60 }),
      audit: async (_, entry) => void trail.push(entry),
    });
    const said = async (tenant: string | null) => {
      const one = call({ tenant });
      await ledger.admit(one, [DEAR]);
      await ledger.settle(one, served(1));
      await contents.keep(one, Buffer.from('{"to":"ann@example.com"}'), Buffer.from('{"text":"hello"}'));
      return one.id;
    };
    const [kept, other, none] = [await said('acme'), await said('other'), await said(null)];
    expect(await contents.read(staff, kept)).toMatchObject({
      request: '{"to":"[e-mail]"}',
      answer: '{"text":"hello"}',
    });
    expect(trail).toMatchObject([{ verb: 'ai.content.read', target: kept }]);
    const [row] = await db.withTables<AccountTables>().selectFrom('ai_contents').selectAll().execute();
    expect(row?.sealed).not.toContain('hello');
    const foreign: Caller = { ...staff, kind: 'user', tenant: 'other', projects: [] };
    for (const [caller, id] of [
      [staff, other],
      [staff, none],
      [foreign, kept],
    ] as const)
      await expect(contents.read(caller, id)).rejects.toMatchObject({ code: 'not_found' });
    ahead = 61_000;
    await expect(contents.read(staff, kept)).rejects.toMatchObject({ code: 'not_found' });
    await contents.expire();
    expect(await db.withTables<AccountTables>().selectFrom('ai_contents').selectAll().execute()).toEqual([]);
  });
});
