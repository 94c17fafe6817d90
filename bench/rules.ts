import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDeclaration } from '@orrery/protocol';
import { parse } from 'yaml';
import { RULE_EXAMPLES } from '../packages/hub/src/alerts/index.ts';
import { alertsOn } from '../packages/hub/src/alerts/testing.ts';
import { createEvents } from '../packages/hub/src/events/index.ts';
import { systemClock } from '../packages/hub/src/platform/clock.ts';
import { inTransaction, openDatabase } from '../packages/hub/src/platform/db.ts';
import { createLog } from '../packages/hub/src/platform/log.ts';
import { migrate } from '../packages/hub/src/platform/migrate.ts';
import { figure } from './tools/report.ts';

/** Usage: node bench/rules.ts. What 20 rules (the five that come along, four times) cost each event and each sample. */
const EVENTS = 20_000;
const SAMPLES = 1_000_000;
const TYPES = ['invoice.paid', 'order.placed', 'session.started', 'probe.status', 'auth.signed_in'];

const dataDir = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
const { db, kind, close } = await openDatabase({ dataDir });
await migrate(db, kind);
const { rules } = alertsOn(db);
const events = createEvents({ db, clock: systemClock, log: createLog('silent', { write: () => undefined }) });
const examples = FileDeclaration.parse(parse(RULE_EXAMPLES)).rules;
const declared = [1, 2, 3, 4].flatMap((copy) =>
  examples.map((rule) => ({ declaration: { ...rule, name: `${rule.name}-${copy}` }, ref: '' })),
);
const timed = async (work: () => unknown): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

/** One event in a hundred is a deploy that failed. */
const happen = () =>
  inTransaction(db, (trx) =>
    events.append(
      trx,
      Array.from({ length: EVENTS }, (_, i) => ({
        at: Date.now(),
        type: i % 100 === 0 ? 'deploy.failed' : (TYPES[i % TYPES.length] ?? ''),
        project: `project-${i % 50}`,
        title: `Something happened, number ${i}`,
        data: { role: 'viewer', country: 'AT', number: i, user: 'ann' },
      })),
    ),
  );
const samples = Array.from({ length: 1000 }, (_, i) => ({ key: `metric_${i}`, value: i, unit: 'ms' }));
const seeAll = () => {
  for (let i = 0; i < SAMPLES / samples.length; i++) rules.see('veria', samples, Date.now());
};

await rules.sync([]);
figure({ what: 'a sample, without rules', unit: 'µs', ours: ((await timed(seeAll)) * 1000) / SAMPLES });
figure({ what: 'taking up 20 rules', unit: 'ms', ours: await timed(() => rules.sync(declared)) });
figure({
  what: 'a sample, with rules that name their keys',
  unit: 'µs',
  ours: ((await timed(seeAll)) * 1000) / SAMPLES,
  bar: { atMost: 5 },
});
await happen();
figure({
  what: 'an event, read, evaluated and acted on (1 in 100 matches)',
  unit: 'µs',
  ours: ((await timed(() => rules.work())) * 1000) / Math.min(EVENTS, 10_000),
  bar: { atMost: 200 },
  note: 'a turn works through 10,000 events at most',
});
await close();
rmSync(dataDir, { recursive: true, force: true });
