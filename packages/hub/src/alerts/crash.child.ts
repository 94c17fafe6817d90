import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../platform/db.ts';
import { alertsOn, finding } from './testing.ts';

/** For tests: a process that opens, resolves and delivers without pause, to be killed at any moment. */
export const CRASH_CHILD = fileURLToPath(import.meta.url);

const FINDINGS = 12;

/** `dataDir receiverUrl churn|finish`: says `ready`, then one line for each reconciliation that is on disk; `finish` ends when all is told. */
async function run([dataDir = '', url = '', mode = '']: string[]): Promise<void> {
  const { db, close } = await openDatabase({ dataDir });
  const alerts = alertsOn(db, { holderId: `child-${process.pid}`, timing: { sendTimeoutMs: 500, leaseMs: 700 } });
  await alerts.syncChannels([
    { declaration: { name: 'one', kind: 'webhook', url: `${url}/one` }, ref: 'test' },
    { declaration: { name: 'two', kind: 'webhook', url: `${url}/two` }, ref: 'test' },
  ]);
  process.stdout.write('ready\n');
  const reconcile = async (firing: number[]) => {
    const at = Date.now();
    const findings = firing.map((i) => finding({ fingerprint: `fp-${i}`, observedAt: at }));
    process.stdout.write(`${JSON.stringify(await alerts.reconcile(findings, { scope: ['veria'], at }))}\n`);
  };
  const churn = async () => {
    for (;;) {
      await reconcile(Array.from({ length: FINDINGS }, (_, i) => i).filter(() => Math.random() < 0.5));
      await wait(Math.random() * 20);
    }
  };
  const deliver = async () => {
    for (;;) {
      await alerts.deliver();
      await wait(5);
    }
  };
  if (mode === 'churn') await Promise.all([churn(), deliver()]);
  await reconcile([]);
  while ((await alerts.measures.pending()).some(({ value }) => value > 0)) {
    await alerts.deliver();
    await wait(20);
  }
  await close();
  process.exit(0);
}

if (process.argv[1] === CRASH_CHILD) await run(process.argv.slice(2));
