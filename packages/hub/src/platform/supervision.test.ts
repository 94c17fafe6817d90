import { afterEach, expect, it } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from './clock.ts';
import { strayOfJob } from './job-run.ts';
import { createJobs, defineJob, type JobDefinition, type Jobs } from './jobs.ts';
import { silentLog, temporaryDatabase } from './testing.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const GRACE = { late: 30, cut: 30, stop: 30 };
type Agent = JobDefinition['agent'];
const job = (name: string, agent: Agent, run: JobDefinition['run'], more: Partial<JobDefinition> = {}) =>
  defineJob({ name, agent, schedule: { everyMs: 5 }, timeoutMs: 20, run, ...more });

async function start(jobs: JobDefinition[], enabled?: (agent: Agent) => boolean): Promise<Jobs> {
  const { db, close } = await temporaryDatabase();
  endings.push(close);
  const made = createJobs({
    ...{ db, clock: systemClock, log: silentLog, holderId: 'a', shared: false, grace: GRACE },
    ...(enabled ? { enabled } : {}),
  });
  endings.push(() => made.stop());
  await made.start(jobs);
  return made;
}
/** Catches what nobody catches as the command does, in place of the test runner. */
function catchStrays(): unknown[] {
  const unowned: unknown[] = [];
  const hear = (error: unknown) => void (strayOfJob(error) || unowned.push(error));
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
    const others = process.listeners(event as 'uncaughtException');
    process.removeAllListeners(event);
    process.on(event, hear);
    endings.push(() => {
      process.removeAllListeners(event);
      for (const other of others) process.on(event, other as never);
    });
  }
  return unowned;
}
const find = async (jobs: Jobs, name: string) => (await jobs.list()).find((one) => one.name === name);
const soon = (condition: () => unknown, what: string) => until(condition, { timeoutMs: 15_000, everyMs: 2, what });
const never = new Promise<never>(() => undefined);

const TROUBLES: [string, JobDefinition['run'], RegExp][] = [
  ['rejects', async () => Promise.reject(new Error('no luck')), /no luck/],
  [
    'throws before it returns anything',
    () => {
      throw new Error('at once');
    },
    /at once/,
  ],
  ['throws what is no error', () => Promise.reject('a word'), /a word/],
  ['ignores its signal', () => never, /left behind/],
  [
    'lets go of a promise that rejects',
    async () => {
      void Promise.reject(new Error('let go'));
      await new Promise(setImmediate);
    },
    /let go/,
  ],
  [
    'throws in a callback of its own',
    () =>
      new Promise((resolve) => {
        setTimeout(() => {
          setTimeout(resolve, 1);
          throw new Error('in a callback');
        }, 1);
      }),
    /in a callback/,
  ],
];
for (const [what, run, error] of TROUBLES)
  it(`goes on with every other agent while a job ${what}`, async () => {
    const unowned = catchStrays();
    let other = 0;
    const jobs = await start([
      job('bad', 'Learning', run),
      job('good', 'Monitor', async () => void other++, { timeoutMs: 5000 }),
      job('beside', 'Learning', async () => void other++, { timeoutMs: 5000 }),
    ]);
    await soon(async () => ((await find(jobs, 'bad'))?.failures ?? 0) >= 1, 'the failure is counted');
    const before = other;
    await soon(() => other > before + 20, 'the others run');
    const bad = await find(jobs, 'bad');
    expect(bad?.lastError).toMatch(error);
    expect(bad?.failing).toBeGreaterThanOrEqual(1);
    for (const name of ['good', 'beside']) expect(await find(jobs, name)).toMatchObject({ failures: 0, failing: 0 });
    expect(unowned).toEqual([]);
  });

it('knows a surprise that is no job’s', async () => {
  const unowned = catchStrays();
  void Promise.reject(new Error('from elsewhere'));
  await soon(() => unowned.length === 1, 'it is heard');
});

it('begins a run that never ends no more than three times by itself, and once more when somebody asks', async () => {
  let begun = 0;
  const jobs = await start([
    job('endless', 'Learning', () => {
      begun += 1;
      return never;
    }),
  ]);
  for (let restarts = 1; restarts < 3; restarts += 1) {
    await soon(() => begun === restarts, `it has begun ${restarts} times`);
    await soon(async () => (await find(jobs, 'endless'))?.left === restarts, 'it is left behind');
    jobs.restartAgent('Learning');
  }
  await soon(async () => (await find(jobs, 'endless'))?.left === 3, 'three are left behind');
  jobs.restartAgent('Learning');
  await soon(() => begun === 4, 'it begins once more');
  await soon(async () => (await find(jobs, 'endless'))?.left === 4, 'that one is left too');
});

it('counts a run that was left behind as gone once it ends after all', async () => {
  const end = Promise.withResolvers<void>();
  const jobs = await start([job('slow', 'Learning', () => end.promise)]);
  await soon(async () => (await find(jobs, 'slow'))?.left === 1, 'it is left behind');
  end.resolve();
  await soon(async () => (await find(jobs, 'slow'))?.left === undefined, 'it has ended');
});

it('restarts the jobs of one agent and of no other: what runs is ended, what rests comes at once', async () => {
  const signals: AbortSignal[] = [];
  let [tries, others] = [0, 0];
  const jobs = await start([
    job(
      'long',
      'Learning',
      ({ signal }) => {
        signals.push(signal);
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
      { timeoutMs: 60_000 },
    ),
    job('broken', 'Learning', async () => {
      tries += 1;
      throw new Error('no luck');
    }),
    job('other', 'Monitor', async () => void others++, { schedule: { everyMs: 600_000 } }),
    job('yearly', 'Learning', async () => void others++, { schedule: { cron: '0 0 1 1 *' } }),
  ]);
  await soon(() => signals.length === 1 && tries >= 1 && others === 1, 'all have run');
  const before = tries;
  const from = performance.now();
  jobs.restartAgent('Learning');
  await soon(() => signals.length === 2 && tries > before, 'both run again');
  // The pause after its first failure would be two seconds.
  expect(performance.now() - from).toBeLessThan(1500);
  expect(signals[0]?.aborted).toBe(true);
  expect(others).toBe(1);
  expect(await find(jobs, 'long')).toMatchObject({ restarts: 1, failures: 0 });
  expect(await find(jobs, 'other')).toMatchObject({ restarts: 0 });
});

it('runs none of the jobs of an agent that is switched off, and all of them once it is on again', async () => {
  const off = new Set<Agent>(['Learning']);
  let [learned, watched] = [0, 0];
  const jobs = await start(
    [job('learn', 'Learning', async () => void learned++), job('watch', 'Monitor', async () => void watched++)],
    (agent) => !off.has(agent),
  );
  await soon(() => watched > 30, 'the other one runs');
  jobs.wake('learn');
  await jobs.restart('learn');
  await soon(() => watched > 60, 'the other one runs on');
  expect(learned).toBe(0);
  const seen = await find(jobs, 'learn');
  expect(seen).toMatchObject({ enabled: false, runs: 0 });
  expect(seen?.nextRunAt).toBeUndefined();
  off.clear();
  jobs.look();
  await soon(() => learned > 0, 'it runs');
});

it('stops within its grace though a job does not', async () => {
  const jobs = await start([job('deaf', 'Learning', () => never, { timeoutMs: 60_000 })]);
  await soon(async () => (await find(jobs, 'deaf'))?.running, 'it runs');
  await jobs.stop();
});
