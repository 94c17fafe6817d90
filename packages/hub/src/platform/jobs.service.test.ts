import { expect, it, onTestFinished } from 'vitest';
import { eachDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from './clock.ts';
import type { Db } from './db.ts';
import { createJobs, type JobDefinition } from './jobs.ts';
import { dropLease, takeLease } from './leases.ts';
import { silentLog } from './testing.ts';

async function hub(db: Db, holderId: string, jobs: JobDefinition[]) {
  const made = createJobs({ db, clock: systemClock, log: silentLog, holderId, shared: true });
  onTestFinished(made.stop);
  await made.start(jobs);
  return made;
}

eachDatabase((_name, open) => {
  it('gives a lease to one of many who ask at once, and to the next when it ends', async () => {
    const { db } = await open();
    const ask = (now: number) =>
      Promise.all(
        ['a', 'b', 'c', 'd', 'e'].map(async (holder) => ({
          holder,
          lease: await takeLease(db, 'l', holder, now, 500),
        })),
      );
    const [first, ...others] = (await ask(1000)).filter(({ lease }) => lease);
    expect(others).toEqual([]);
    const next = (await ask(1600)).filter(({ lease }) => lease);
    expect(next).toMatchObject([
      { lease: { fence: (first?.lease?.fence ?? 0) + (next[0]?.holder === first?.holder ? 0 : 1) } },
    ]);
    await dropLease(db, 'l', next[0]?.holder ?? '');
    expect((await ask(1700)).filter(({ lease }) => lease)).toHaveLength(1);
  });

  it('runs jobs on one of two hubs, and on the other once the first has stopped', async () => {
    const { db } = await open();
    const ran: string[] = [];
    const tick = (holder: string): JobDefinition => ({
      name: 'tick',
      agent: 'Monitor',
      schedule: { everyMs: 20 },
      timeoutMs: 1000,
      run: async () => void ran.push(holder),
    });
    const first = await hub(db, 'a', [tick('a')]);
    const second = await hub(db, 'b', [tick('b')]);
    await until(() => ran.length >= 5, { what: 'five runs' });
    expect(new Set(ran)).toEqual(new Set(['a']));
    const [seen] = await second.list();
    expect(seen).toMatchObject({ name: 'tick', holder: 'a' });
    await first.stop();
    await until(() => ran.includes('b'), { timeoutMs: 10_000, what: 'the second hub to run jobs' });
    expect(ran.slice(ran.indexOf('b'))).not.toContain('a');
  });
});
