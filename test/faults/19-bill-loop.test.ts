import type { OpsEvent } from '@orrery/protocol';
import { expect, test } from 'vitest';
import type { AccountTables } from '../../packages/hub/src/ai/accounts/tables.ts';
import { budgets, call, DEAR, ledgerOn, served } from '../../packages/hub/src/ai/accounts/testing.ts';
import { openSqliteForTest } from '../services/databases.ts';
import { figure } from '../services/figures.ts';
import { createApi, startHub } from '../services/hub.ts';
import { chatBody, startProvider } from '../services/provider.ts';
import { until } from '../services/until.ts';
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

/** Fault 19 again: a thousand alerts in a hundred projects, each of whose incidents a model could be asked about, on a budget for a few calls. */
const PROJECTS = 100;
const ALERTS_EACH = 10;
const DOLLARS = 0.05;
const CALL_DOLLARS = 0.01;

test('a thousand alerts that ask for a diagnosis spend no more than the budget and a call', {
  timeout: 180_000,
}, async () => {
  const model = await during(
    startProvider((outgoing) => {
      outgoing.setHeader('content-type', 'application/json');
      // Ten thousand tokens at a dollar the million.
      const usage = { prompt_tokens: 10_000, completion_tokens: 0, total_tokens: 10_000 };
      outgoing.end(JSON.stringify({ ...chatBody('{"claims":[]}', 'm'), usage }));
    }),
    (opened) => opened.close(),
  );
  const key = (i: number) => `key-of-project-${i}-00000000`;
  const yaml = `network: { allowPrivate: true }
diagnosis: { explanationsPerHour: 1000 }
ai:
  providers: [{ name: fake, kind: compatible, url: "${model.url}/v1", key: k, models: [m] }]
  prices: [{ provider: fake, model: m, input: 1, output: 1 }]
  budgets: [{ name: all, per: day, costUsd: ${DOLLARS} }]
projects:
${Array.from({ length: PROJECTS }, (_, i) => `  - { slug: p${i}, name: P${i}, hubUrl: "http://127.0.0.1:9", apiKey: ${key(i)}, thresholds: [{ metric: performance.error_rate, above: 5, severity: critical }] }`).join('\n')}
`;
  const hub = await during(startHub({ yaml }), (opened) => opened.dispose());
  const time = new Date().toISOString();
  let next = 0;
  const push = async () => {
    for (let i = next++; i < PROJECTS; i = next++)
      await createApi(hub.url, { 'x-api-key': key(i) }).post('/api/fed/events', {
        ...{
          specversion: '1.0',
          id: `e${i}`,
          source: `p${i}`,
          type: 'metrics.samples',
          time,
          datacontenttype: 'application/json',
        },
        data: {
          projectSlug: `p${i}`,
          samples: Array.from({ length: ALERTS_EACH }, (_, n) => ({
            key: 'performance.error_rate',
            value: 50,
            service: `s${n}`,
          })),
        },
      });
  };
  await Promise.all(Array.from({ length: 16 }, push));
  const ranked = async () => {
    const seen = new Set<string>();
    for (let cursor: string | undefined; ; ) {
      const page: { items: OpsEvent[]; nextCursor?: string } = await hub.api.read(
        `/ops/events/recent?limit=200&type=diagnosis.ranked${cursor === undefined ? '' : `&cursor=${cursor}`}`,
      );
      for (const { project } of page.items) seen.add(project ?? '');
      if (page.nextCursor === undefined) return seen.size;
      cursor = page.nextCursor;
    }
  };
  await until(async () => (await ranked()) === PROJECTS, {
    timeoutMs: 60_000,
    everyMs: 1000,
    what: 'every incident is diagnosed',
  });
  // Refused calls are on record too: the budget has been asked for more than it has.
  const refused = async () =>
    (await hub.api.read<{ items: { outcome: string | null }[] }>('/ops/ai/calls?limit=200')).items.some(
      ({ outcome }) => outcome === 'refused',
    );
  await until(refused, { timeoutMs: 90_000, everyMs: 500, what: 'the budget is used up' });
  const spent = model.asked.length * CALL_DOLLARS;
  figure(
    19,
    `spent of a budget of $${DOLLARS} by 1,000 alerts that ask for a diagnosis`,
    `$${spent.toFixed(2)}`,
    `$${(DOLLARS + CALL_DOLLARS).toFixed(2)}, a call more`,
  );
  expect(model.asked.length).toBeGreaterThan(0);
  expect(spent).toBeLessThanOrEqual(DOLLARS + CALL_DOLLARS + 1e-9);
});
