import { ProjectDeclaration, type ServiceStatus } from '@orrery/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteForTest } from '../../../test/services/databases.ts';
import { until } from '../../../test/services/until.ts';
import { alertsOn, person } from './alerts/testing.ts';
import { createDetect, type ProbeFact } from './detect/index.ts';
import { createEvents } from './events/index.ts';
import { aloneHub, type Facts } from './intake/index.ts';
import { createLoop } from './loop.ts';
import { systemClock as clock } from './platform/clock.ts';
import { silentLog as log } from './platform/testing.ts';
import { createSamples } from './samples/index.ts';

const declaration = ProjectDeclaration.parse({
  slug: 'veria',
  name: 'Veria',
  hubUrl: 'http://127.0.0.1:1',
  services: [{ name: 'api', probes: [{ kind: 'http', url: 'http://127.0.0.1:1/' }] }],
  thresholds: [{ metric: 'error_rate', above: 5 }],
});

/** Detection and alerts on a real database, between an intake whose facts and a database whose pace the test decides. */
async function house() {
  const { db, dispose } = await openSqliteForTest();
  onTestFinished(dispose);
  const alerts = alertsOn(db);
  const samples = createSamples({ db, clock, log, rawRetentionMs: () => 86_400_000 });
  const kit = { api: 'up' as ServiceStatus, reads: 0, holdStates: Promise.resolve(), holdSamples: Promise.resolve() };
  const state = (): ProbeFact => ({
    probeId: 'p',
    project: 'veria',
    service: 'api',
    kind: 'http',
    target: 'http://127.0.0.1:1/',
    status: kit.api,
    since: 1000,
    lastCheckAt: clock.now(),
    latencyMs: 1,
    consecutiveFailures: 1,
    intervalMs: 15_000,
  });
  const detect = createDetect({
    db,
    clock,
    log,
    samples: {
      ...samples,
      latest: async (...asked) => {
        await kit.holdSamples;
        return samples.latest(...asked);
      },
    },
    states: async () => {
      kit.reads++;
      await kit.holdStates;
      return [state()];
    },
    projects: async () => [{ slug: 'veria', lastSeenAt: clock.now() }],
    linesAfter: async () => [],
    offlineAfterMs: () => 600_000,
  });
  detect.sync([declaration]);
  const looked: { project: string; service?: string }[] = [];
  let arrive: (facts: Facts) => void = () => undefined;
  const loop = createLoop({
    catalog: {
      observe: () => undefined,
      touch: () => undefined,
      sightings: async () => [{ slug: 'veria', lastSeenAt: null }],
      verify: async () => undefined,
      flushSightings: async () => undefined,
    },
    intake: {
      onFacts: (listener) => {
        arrive = listener;
      },
      checkSoon: (parts) => void looked.push(...parts),
    },
    hubs: aloneHub(clock),
    detect,
    alerts,
    events: createEvents({ db, clock, log }),
    jobs: () => ({ leading: () => true, wake: () => undefined }),
    log,
  });
  const sweep = loop.jobs.find(({ name }) => name === 'detect.sweep');
  if (!sweep) throw new Error('there is no sweep');
  return {
    kit,
    alerts,
    looked,
    arrive: () => arrive({ at: clock.now(), projects: ['veria'], seen: [] }),
    sweep: () => sweep.run({ signal: new AbortController().signal, fence: 1 } as never),
    settle: loop.settle,
    all: async () => (await alerts.list(person('eve'))).items.map(({ status }) => status),
  };
}

test('a judgement that was overtaken while it read its facts does not open again what has just been resolved', async () => {
  const { kit, arrive, sweep, settle, all } = await house();
  kit.api = 'down';
  await sweep();
  expect(await all()).toEqual(['open']);

  const [states, samples] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  kit.holdStates = states.promise;
  const reads = kit.reads;
  const sweeping = sweep();
  await until(() => kit.reads > reads, { what: 'a sweep on its way to its facts' });
  // A check comes in meanwhile, and its judgement reads "down" right before the recovery.
  kit.holdStates = Promise.resolve();
  kit.holdSamples = samples.promise;
  arrive();
  for (let i = 0; i < 50; i++) await new Promise((done) => setImmediate(done));
  kit.api = 'up';
  states.resolve();
  await sweeping;
  samples.resolve();
  await settle();
  expect(await all()).toEqual(['resolved']);
});

test('what a failing part depends on is looked at at once, and again with each sweep while its alert waits', async () => {
  const { kit, alerts, looked, arrive, settle, sweep } = await house();
  const services = [
    { name: 'api', dependsOn: ['db'] },
    { name: 'db', probes: [{ kind: 'tcp', host: 'db', port: 1 }] },
  ];
  alerts.syncProjects([ProjectDeclaration.parse({ ...declaration, services })]);
  kit.api = 'down';
  arrive();
  await until(() => looked.length > 0, { what: 'a look at the database' });
  await settle();
  expect(looked.splice(0)).toEqual([{ project: 'veria', service: 'db' }]);
  await sweep();
  expect(looked).toEqual([{ project: 'veria', service: 'db' }]);
});
