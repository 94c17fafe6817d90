import { fileURLToPath } from 'node:url';
import { systemClock } from '../../platform/clock.ts';
import { openDatabase } from '../../platform/db.ts';
import { budgets, call, DEAR, ledgerOn, served } from './testing.ts';

/** For tests: a process that makes calls without pause, to be killed at any moment. */
export const CRASH_CHILD = fileURLToPath(import.meta.url);
export const CRASH_BUDGET = budgets({ name: 'day', per: 'day', costUsd: 100_000 });

/** `dataDir hub broker`: says `open ID` when a call may be made, `done ID NANO` when it is settled. */
async function run([dataDir = '', hub = '', broker = '']: string[]): Promise<void> {
  const { db, kind } = await openDatabase({ dataDir });
  const { ledger, kafka } = ledgerOn(db, kind, { hub, config: { budgets: CRASH_BUDGET }, brokers: [broker] });
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say('ready');
  const work = async () => {
    for (;;) {
      const one = call({ at: systemClock.now() });
      const admitted = await ledger.admit(one, [DEAR]);
      if (!admitted.ok) throw new Error(admitted.detail);
      say(`open ${one.id}`);
      // As long as a model takes: most of the calls are under way when the process ends.
      await new Promise((done) => setTimeout(done, Math.random() * 20));
      const tokens = Math.ceil(Math.random() * 1000);
      await ledger.settle(one, served(tokens));
      say(`done ${one.id} ${tokens * 1e6}`);
    }
  };
  const carry = async () => {
    for (;;) {
      await kafka.deliver();
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  await Promise.all([...Array.from({ length: 8 }, work), carry()]);
}

if (process.argv[1] === CRASH_CHILD) await run(process.argv.slice(2));
