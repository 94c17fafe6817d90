import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { AlertNotification } from '@orrery/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { openSqliteForTest } from '../../../../test/services/databases.ts';
import { type Receiver, startReceiver } from '../../../../test/services/receiver.ts';
import { until } from '../../../../test/services/until.ts';
import { CRASH_CHILD } from './crash.child.ts';
import type { AlertTables } from './tables.ts';

const KILLS = 25;

describe('a hub that is killed at any moment', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const step of cleanUps.splice(0).reverse()) await step();
  });

  const start = (dataDir: string, receiver: Receiver, mode: 'churn' | 'finish') => {
    const child = spawn(process.execPath, [...process.execArgv, CRASH_CHILD, dataDir, receiver.url, mode], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    const exited = once(child, 'exit');
    cleanUps.push(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    return { child, exited, out: () => out, err: () => err };
  };

  it('loses no transition and tells each of them once, or again under the same id and marked', async () => {
    const database = await openSqliteForTest();
    cleanUps.push(database.dispose);
    const receiver = await startReceiver();
    cleanUps.push(receiver.close);
    let seen = 0;
    receiver.answer(() => {
      seen += 1;
      return seen % 17 === 0 ? { status: 503 } : seen % 41 === 0 ? 'reset' : { status: 204 };
    });
    const acknowledged = { opened: 0, resolved: 0 };
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, exited, out, err } = start(database.options.dataDir, receiver, 'churn');
      await until(() => out().includes('ready') || err(), { what: 'the child is ready', timeoutMs: 20_000 });
      expect(err()).toBe('');
      // The moment of the kill is the one thing that is left to chance.
      await wait(Math.random() * 300);
      child.kill('SIGKILL');
      await exited;
      // The last line may be cut: only whole ones were acknowledged.
      for (const line of out().split('\n').slice(1, -1)) {
        const { opened, resolved } = JSON.parse(line);
        acknowledged.opened += opened;
        acknowledged.resolved += resolved;
      }
    }
    receiver.answer({ status: 204 });
    const last = start(database.options.dataDir, receiver, 'finish');
    expect(await last.exited).toEqual([0, null]);

    const q = database.db.withTables<AlertTables>();
    const alerts = await q.selectFrom('alerts').select(['id', 'status', 'fingerprint']).execute();
    expect(alerts.length).toBeGreaterThanOrEqual(acknowledged.opened);
    expect(acknowledged.opened).toBeGreaterThan(KILLS);
    expect(alerts.filter(({ status }) => status === 'resolved')).toHaveLength(alerts.length);

    const first = new Map<string, number>();
    const unmarked: string[] = [];
    let repeats = 0;
    for (const [order, { headers, body, path }] of receiver.taken().entries()) {
      const { type, alert }: AlertNotification = JSON.parse(body);
      const id = `${headers['webhook-id']}`;
      if (first.has(id)) {
        repeats += 1;
        if (headers['orrery-possible-repeat'] !== 'true') unmarked.push(id);
      } else {
        first.set(id, order);
        first.set(`${path} ${alert.id} ${type}`, order);
      }
    }
    expect(unmarked).toEqual([]);
    // At most what was under way, on two channels, at the moment of each kill.
    expect(repeats).toBeLessThanOrEqual(KILLS * 10);
    for (const { id } of alerts)
      for (const channel of ['/hook/one', '/hook/two']) {
        const opened = first.get(`${channel} ${id} alert.opened`) ?? Number.NaN;
        const resolved = first.get(`${channel} ${id} alert.resolved`) ?? Number.NaN;
        expect(opened, `${channel} was told of the opening of ${id} before its end`).toBeLessThan(resolved);
      }
    expect(first.size / 2).toBe(alerts.length * 4);
  }, 180_000);
});
