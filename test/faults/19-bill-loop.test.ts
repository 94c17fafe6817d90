import { expect, test } from 'vitest';
import type { AccountTables } from '../../packages/hub/src/ai/accounts/tables.ts';
import { budgets, call, DEAR, ledgerOn, served } from '../../packages/hub/src/ai/accounts/testing.ts';
import { openSqliteForTest } from '../services/databases.ts';
import { figure } from '../services/figures.ts';
import { during } from './during.ts';

/** Fault 19: a tenant's agent in a loop, 1,000 calls, 64 at once; each may cost a dollar and costs what it likes. */
const CALLS = 1000;
const AT_ONCE = 64;
const CAP_USD = 25;

test('an agent in a loop spends no more than its budget, and keeps no other tenant from its own', async () => {
  const { db, kind } = await during(openSqliteForTest(), (opened) => opened.dispose());
  const config = { budgets: budgets({ name: 'tenants', each: 'tenant', per: 'day', costUsd: CAP_USD }) };
  const { ledger } = ledgerOn(db, kind, { config });
  let left = CALLS;
  let letIn = 0;
  const loop = async () => {
    while (left-- > 0) {
      const one = call({ tenant: 'loops' });
      const admitted = await ledger.admit(one, [DEAR]);
      if (!admitted.ok) continue;
      letIn += 1;
      // As a model does, not at once.
      await new Promise(setImmediate);
      await ledger.settle(one, served(1 + Math.floor(Math.random() * 1000)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  const other = call({ tenant: 'calm' });
  const untouched = await ledger.admit(other, [DEAR]);
  const rows = await db.withTables<AccountTables>().selectFrom('ai_calls').selectAll().execute();
  const spent = rows.reduce((sum, row) => sum + (row.cost_nano ?? 0), 0) / 1e9;
  figure(
    19,
    `spent of a budget of $${CAP_USD} by ${CALLS} calls in a loop`,
    `$${spent.toFixed(2)}`,
    `$${CAP_USD + 1}, a call more`,
  );
  figure(19, 'calls let in and refused, all on record', `${letIn} and ${rows.length - letIn}`, `${CALLS} in all`);
  expect(spent).toBeLessThanOrEqual(CAP_USD);
  expect(spent).toBeGreaterThan(CAP_USD - 2);
  expect(rows.length).toBe(CALLS);
  expect(untouched).toEqual({ ok: true });
});
