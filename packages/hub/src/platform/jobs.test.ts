import { afterEach, describe, expect, it } from 'vitest';
import { until as eventually } from '../../../../test/services/until.ts';
import { systemClock } from './clock.ts';
import type { Db } from './db.ts';
import { createJobs, defineJob, type JobDefinition, type Jobs } from './jobs.ts';
import { takeLease } from './leases.ts';
import { silentLog, temporaryDatabase } from './testing.ts';

const started: Jobs[] = [];
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const jobs of started.splice(0)) await jobs.stop();
  for (const close of closers.splice(0)) await close();
});

async function database(): Promise<Db> {
  const { db, close } = await temporaryDatabase();
  closers.push(close);
  return db;
}
async function start(db: Db, holderId: string, jobs: JobDefinition[], shared = true): Promise<Jobs> {
  const made = createJobs({ db, clock: systemClock, log: silentLog, holderId, shared });
  started.push(made);
  await made.start(jobs);
  return made;
}
const until = (condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<unknown> =>
  eventually(condition, { timeoutMs, everyMs: 2, what: 'the condition comes true' });

describe('jobs', () => {
  it('run again and again, and say what they did', async () => {
    let runs = 0;
    const jobs = await start(await database(), 'a', [
      defineJob({
        name: 'tick',
        agent: 'Monitor',
        schedule: { everyMs: 5 },
        timeoutMs: 1000,
        run: async () => void runs++,
      }),
    ]);
    await until(() => runs >= 3);
    const [job] = await jobs.list();
    expect(job).toMatchObject({ name: 'tick', agent: 'Monitor', schedule: 'every 0.005 s', failures: 0, holder: 'a' });
    expect(job?.runs).toBeGreaterThanOrEqual(3);
  });

  it('run soon after the start, and then at their own pace', async () => {
    const done = Promise.withResolvers<void>();
    const jobs = await start(await database(), 'a', [
      defineJob({
        name: 'rare',
        agent: 'Hub',
        schedule: { everyMs: 600_000 },
        timeoutMs: 1000,
        run: async () => done.resolve(),
      }),
    ]);
    await done.promise;
    await until(async () => Date.parse((await jobs.list())[0]?.nextRunAt ?? '') - Date.now() > 500_000);
  });

  it('never overlap themselves, and a failing one stops no other', async () => {
    let inside = 0;
    let most = 0;
    let other = 0;
    const from = performance.now();
    const release = Promise.withResolvers<void>();
    const jobs = await start(await database(), 'a', [
      defineJob({
        name: 'slow',
        agent: 'Monitor',
        schedule: { everyMs: 5 },
        timeoutMs: 1000,
        run: async () => {
          most = Math.max(most, ++inside);
          await release.promise;
          inside--;
        },
      }),
      defineJob({
        name: 'broken',
        agent: 'Monitor',
        schedule: { everyMs: 5 },
        timeoutMs: 1000,
        run: async () => {
          throw new Error('no luck');
        },
      }),
      defineJob({
        name: 'fine',
        agent: 'Monitor',
        schedule: { everyMs: 5 },
        timeoutMs: 1000,
        run: async () => void other++,
      }),
    ]);
    await until(() => other >= 10 && inside === 1);
    jobs.wake('slow');
    release.resolve();
    const broken = (await jobs.list()).find((job) => job.name === 'broken');
    expect(most).toBe(1);
    expect(broken).toMatchObject({ lastError: 'no luck' });
    // It rests for two seconds after the first.
    expect(broken?.failures).toBeLessThanOrEqual(1 + (performance.now() - from) / 2000);
  });

  it('come again at once while it is only the database that fails them', async () => {
    let runs = 0;
    const outage = Object.assign(new Error('the server is shutting down'), { code: '57P01' });
    await start(await database(), 'a', [
      defineJob({
        name: 'tick',
        agent: 'Monitor',
        schedule: { everyMs: 5 },
        timeoutMs: 1000,
        run: async () => {
          runs += 1;
          throw outage;
        },
      }),
    ]);
    // A pause that doubles would let the fifth run come after half a minute.
    await until(() => runs >= 5, 15_000);
  });

  it('back off after a failure until they are restarted', async () => {
    let runs = 0;
    const jobs = await start(await database(), 'a', [
      defineJob({
        name: 'broken',
        agent: 'Monitor',
        schedule: { everyMs: 5 },
        timeoutMs: 1000,
        run: async () => {
          runs++;
          throw new Error('no luck');
        },
      }),
    ]);
    await until(() => runs === 1);
    const next = Date.parse((await jobs.list())[0]?.nextRunAt ?? '');
    expect(next - Date.now()).toBeGreaterThan(1000);
    expect(await jobs.restart('broken')).toMatchObject({ name: 'broken', restarts: 1 });
    await until(() => runs === 2);
    expect(await jobs.restart('unknown')).toBeUndefined();
  });

  it('tell a run that takes too long to stop', async () => {
    let aborted = false;
    await start(await database(), 'a', [
      defineJob({
        name: 'endless',
        agent: 'Monitor',
        schedule: { everyMs: 5 },
        timeoutMs: 20,
        run: ({ signal }) =>
          new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              aborted = true;
              reject(new Error('aborted'));
            }),
          ),
      }),
    ]);
    await until(() => aborted);
    expect(aborted).toBe(true);
  });
});

/** A clock that is moved by hand. */
function handClock() {
  let ms = 0;
  return { now: () => 1_800_000_000_000 + ms, monotonic: () => ms, pass: (by: number) => (ms += by) };
}

describe('a hub that leads', () => {
  it('leads at once where no other hub can be alive, though the one before was killed', async () => {
    const db = await database();
    await takeLease(db, 'jobs', 'killed', systemClock.now() + 3_600_000, 8000);
    const alone = await start(db, 'next', [], false);
    expect(alone.leading()).toBe(true);
  });

  it('is told that it lost the lead when the lease ran out unnoticed', async () => {
    const db = await database();
    const clock = handClock();
    const said: boolean[] = [];
    const jobs = createJobs({
      db,
      clock,
      log: silentLog,
      holderId: 'a',
      shared: true,
      onLead: (leading) => said.push(leading),
    });
    started.push(jobs);
    await jobs.start([]);
    clock.pass(20_000);
    await takeLease(db, 'jobs', 'b', clock.now(), 4000);
    await until(() => said.length === 2);
    expect(said).toEqual([true, false]);
  });

  it('stops though the database is gone', async () => {
    const { db, close } = await temporaryDatabase();
    let runs = 0;
    const jobs = createJobs({ db, clock: systemClock, log: silentLog, holderId: 'a', shared: true });
    await jobs.start([
      defineJob({
        name: 'tick',
        agent: 'Monitor',
        schedule: { everyMs: 5 },
        timeoutMs: 1000,
        run: async () => void runs++,
      }),
    ]);
    await until(() => runs > 0);
    await close();
    await expect(jobs.stop()).resolves.toBeUndefined();
  });

  it('runs a job of the calendar whose time came while the database was away, once, when it is back', async () => {
    const { db, close } = await temporaryDatabase();
    closers.push(close);
    const clock = handClock();
    let runs = 0;
    const jobs = createJobs({ db, clock, log: silentLog, holderId: 'a', shared: false });
    started.push(jobs);
    const slot = Math.ceil(clock.now() / 900_000) * 900_000;
    clock.pass(slot - clock.now() - 50);
    await jobs.start([
      defineJob({
        name: 'quarterly',
        agent: 'Monitor',
        schedule: { cron: '*/15 * * * *' },
        timeoutMs: 1000,
        run: async () => void runs++,
      }),
    ]);
    await db.schema.alterTable('jobs').renameTo('jobs_away').execute();
    clock.pass(100);
    const away = performance.now() + 300;
    await until(() => performance.now() > away);
    expect(runs).toBe(0);
    await db.schema.alterTable('jobs_away').renameTo('jobs').execute();
    await until(() => runs === 1);
    const [row] = await jobs.list();
    expect(row).toMatchObject({ runs: 1, nextRunAt: new Date(slot + 900_000).toISOString() });
  });

  it('runs a job of the calendar when somebody asks for it', async () => {
    let runs = 0;
    const jobs = await start(await database(), 'a', [
      defineJob({
        name: 'yearly',
        agent: 'Monitor',
        schedule: { cron: '0 0 1 1 *' },
        timeoutMs: 1000,
        run: async () => void runs++,
      }),
    ]);
    await until(async () => (await jobs.restart('yearly')) !== undefined && runs > 0);
  });
});
