import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { openSqliteForTest } from '../../../../../test/services/databases.ts';
import { startKafka } from '../../../../../test/services/kafka.ts';
import { until } from '../../../../../test/services/until.ts';
import { CRASH_BUDGET, CRASH_CHILD } from './crash.child.ts';
import { AUDIT_TOPIC } from './journal.ts';
import type { AccountTables } from './tables.ts';
import { ledgerOn } from './testing.ts';

const KILLS = 5;
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanUps.splice(0).reverse()) await step();
});

test('a hub that is killed in the middle of calls leaves none of them unaudited, and no cent uncounted', async () => {
  const database = await openSqliteForTest();
  cleanUps.push(database.dispose);
  const broker = await startKafka();
  cleanUps.push(broker.stop);
  const { db, kind } = database;
  const opened = new Set<string>();
  const done = new Map<string, number>();
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(
      process.execPath,
      [...process.execArgv, CRASH_CHILD, database.options.dataDir, `hub-${kill}`, broker.broker],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    const exited = once(child, 'exit');
    cleanUps.push(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    await until(() => out.includes('open') || err, { what: 'the child makes calls', timeoutMs: 30_000 });
    expect(err).toBe('');
    // The moment of the kill is the one thing that is left to chance.
    await wait(Math.random() * 150);
    child.kill('SIGKILL');
    await exited;
    // The last line may be cut: only whole ones were said.
    for (const line of out.split('\n').slice(1, -1)) {
      const [word, id = '', nano] = line.split(' ');
      if (word === 'open') opened.add(id);
      if (word === 'done') done.set(id, Number(nano));
    }
  }
  const { ledger, kafka } = ledgerOn(db, kind, {
    hub: 'next',
    config: { budgets: CRASH_BUDGET },
    brokers: [broker.broker],
  });
  cleanUps.push(kafka.close);
  const dead = Array.from({ length: KILLS }, (_, i) => `hub-${i}`);
  const settled = await ledger.recover(dead);
  expect(settled).toBeGreaterThan(0);
  expect(await ledger.recover(dead)).toBe(0);
  await kafka.deliver();

  const tables = db.withTables<AccountTables>();
  const rows = await tables.selectFrom('ai_calls').selectAll().execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  expect([...opened].filter((id) => !byId.has(id))).toEqual([]);
  for (const [id, nano] of done) expect(byId.get(id)).toMatchObject({ outcome: 'ok', cost_nano: nano });
  for (const row of rows)
    if (row.outcome === 'cut') expect(row).toMatchObject({ cost_nano: 1e9, price_source: 'estimate' });
  const spent = rows.reduce((sum, { cost_nano }) => sum + (cost_nano ?? 0), 0);
  const counters = await tables.selectFrom('ai_counters').selectAll().execute();
  expect(counters.reduce((sum, { used_nano }) => sum + used_nano, 0)).toBe(spent);
  expect(counters.every(({ held_nano, held_requests }) => held_nano === 0 && held_requests === 0)).toBe(true);

  // The topic has the same calls; one that was under way to it at a kill may be there twice.
  expect(await kafka.waiting()).toBe(0);
  const told = new Set((await broker.read(AUDIT_TOPIC)).map((line) => (JSON.parse(line) as { id: string }).id));
  expect(told).toEqual(new Set(byId.keys()));
});
