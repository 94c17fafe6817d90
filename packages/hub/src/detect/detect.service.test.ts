import { ProjectDeclaration, type ServiceStatus } from '@orrery/protocol';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../test/services/databases.ts';
import { createLog } from '../platform/log.ts';
import { createSamples, type Samples } from '../samples/index.ts';
import { createDetect, type Detect, type ProbeFact } from './index.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-10T12:00:00Z');
const log = createLog('silent', { write: () => undefined });

const declare = (slug: string) =>
  ProjectDeclaration.parse({
    slug,
    name: slug,
    hubUrl: 'http://127.0.0.1:1',
    services: [{ name: 'api', probes: [{ kind: 'http', url: 'http://127.0.0.1:1/health', interval: '15s' }] }],
    thresholds: [{ metric: 'error_rate', above: 5, for: '1m', severity: 'critical' }],
  });
const stateOf = (project: string, status: ServiceStatus, at: number): ProbeFact => ({
  probeId: project,
  project,
  service: 'api',
  kind: 'http',
  target: 'http://127.0.0.1:1/health',
  status,
  since: at,
  lastCheckAt: at,
  latencyMs: 3,
  consecutiveFailures: status === 'down' ? 1 : 0,
  intervalMs: 15_000,
});

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let samples: Samples;
  let detect: Detect;
  let now: number;
  let running = 0;
  let project = '';
  let suite = 0;
  let states: ProbeFact[];
  let seen: Map<string, number>;
  const clock = { now: () => now, monotonic: () => running };
  const pass = (ms: number) => {
    now += ms;
    running += ms;
  };
  /** A hub's own memory is new; what is stored is not. */
  const restart = (declarations = [declare(project)]) => {
    samples = createSamples({ db: database.db, clock, log, rawRetentionMs: () => 30 * 24 * 60 * MINUTE });
    detect = createDetect({
      db: database.db,
      clock,
      log,
      samples,
      states: () => states,
      projects: async () => [...seen].map(([slug, lastSeenAt]) => ({ slug, lastSeenAt })),
      linesAfter: async () => [],
      offlineAfterMs: () => 10 * MINUTE,
    });
    detect.sync(declarations);
  };
  const measure = (value: number) => samples.append(database.db, project, [{ key: 'error_rate', value, at: now }], now);
  const titles = async (projects?: string[]) =>
    (await detect.evaluate(projects)).findings.map((finding) => finding.title);
  const TOO_MANY = () => `${project}: error_rate is above 5`;

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(() => {
    now = START;
    running = 0;
    project = `p${suite++}`;
    states = [stateOf(project, 'up', START)];
    seen = new Map([[project, START]]);
    restart();
  });

  it('judges each of several limits on one metric by itself', async () => {
    const declaration = declare(project);
    const limit = { metric: 'error_rate', severity: 'critical' as const };
    restart([
      {
        ...declaration,
        thresholds: [
          { ...limit, above: 5, for: '10m' },
          { ...limit, above: 50, for: '0ms' },
          { ...limit, above: 90, for: '0ms', service: 'api' },
        ],
      },
    ]);
    await measure(60);
    expect(await titles()).toEqual([`${project}: error_rate is above 50`]);
    for (let i = 0; i < 11; i++) {
      pass(MINUTE);
      seen.set(project, now);
      await measure(20);
      await titles();
    }
    expect(await titles()).toEqual([TOO_MANY()]);
    await samples.append(database.db, project, [{ key: 'error_rate', value: 95, at: now, service: 'api' }], now);
    expect((await titles()).sort()).toEqual([
      `${project}/api: error_rate is above 50`,
      `${project}/api: error_rate is above 90`,
      TOO_MANY(),
    ]);
  });

  it('judges the tagged parts of a metric only where the whole is not measured', async () => {
    const limit = { metric: 'error_rate', above: 5, for: '0ms', severity: 'critical' as const };
    restart([{ ...declare(project), thresholds: [limit] }]);
    const parts = ['ios', 'web'].map((platform) => ({ key: 'error_rate', value: 9, tags: { platform } }));
    const report = async (whole: boolean) => {
      seen.set(project, now);
      const series = [
        ...(whole ? [{ key: 'error_rate', value: 7 }] : []),
        ...parts,
        ...parts.map((part) => ({ ...part, service: 'api' })),
      ];
      await samples.append(
        database.db,
        project,
        series.map((sample) => ({ ...sample, at: now })),
        now,
      );
    };
    const judged = async () =>
      (await detect.evaluate()).findings
        .map(({ service = '-', description }) => `${service}: ${description.replace(/ is .*/, '')}`)
        .sort();
    const OF_API = ['api: error_rate (platform=ios)', 'api: error_rate (platform=web)'];
    await report(true);
    expect(await judged()).toEqual(['-: error_rate', ...OF_API]);
    // A whole that the product has stopped to measure stands for its parts no more.
    pass(40 * MINUTE);
    await report(false);
    expect(await judged()).toEqual(['-: error_rate (platform=ios)', '-: error_rate (platform=web)', ...OF_API]);
  });

  it('says the same when it is asked again, and names what it judged', async () => {
    states = [stateOf(project, 'down', now)];
    const first = await detect.evaluate([project]);
    expect(first).toMatchObject({ scope: [project], at: START });
    expect(first.findings.map((f) => f.title)).toEqual([`${project}/api is down`]);
    expect(await detect.evaluate([project])).toEqual(first);
  });

  describe('a threshold that must be broken for a minute', () => {
    it('fires after that minute, not before, and ends with the first good sample', async () => {
      await measure(9);
      expect(await titles([project])).toEqual([]);
      pass(30_000);
      await measure(8);
      expect(await titles([project])).toEqual([]);
      pass(30_000);
      await measure(7);
      expect(await titles([project])).toEqual([TOO_MANY()]);
      pass(15_000);
      await measure(5);
      expect(await titles([project])).toEqual([]);
    });

    it('does not begin again when the hub restarts in the middle', async () => {
      await measure(9);
      await detect.evaluate([project]);
      pass(59_000);
      restart();
      await measure(9);
      expect(await titles([project])).toEqual([]);
      restart();
      pass(1000);
      await measure(9);
      expect(await titles([project])).toEqual([TOO_MANY()]);
      restart();
      expect(await titles([project])).toEqual([TOO_MANY()]);
    });

    it('begins again when a good sample came between two judgements', async () => {
      await measure(9);
      await detect.evaluate([project]);
      pass(30_000);
      await measure(1);
      pass(30_000);
      await measure(9);
      expect(await titles([project])).toEqual([]);
      pass(MINUTE);
      await measure(9);
      expect(await titles([project])).toEqual([TOO_MANY()]);
    });

    it('keeps firing with its old words while the metric is silent, also over a restart', async () => {
      await measure(9);
      await detect.evaluate();
      pass(MINUTE);
      await measure(9);
      const [before] = (await detect.evaluate([project])).findings;
      pass(6 * MINUTE);
      seen.set(project, now);
      restart();
      expect((await detect.evaluate([project])).findings).toEqual([before]);
    });
  });

  it('keeps a service down over a restart until its probes have been judged again', async () => {
    states = [stateOf(project, 'down', now)];
    const [before] = (await detect.evaluate([project])).findings;
    for (const unsure of [[], [stateOf(project, 'unknown', now)]]) {
      states = unsure;
      restart();
      expect((await detect.evaluate([project])).findings).toEqual([before]);
    }
    states = [stateOf(project, 'up', now)];
    expect(await titles([project])).toEqual([]);
  });

  it('calls a silent project offline after ten minutes of watching, and well again when it is heard of', async () => {
    const sweep = async (ms: number) => {
      let last: string[] = [];
      for (let passed = 0; passed < ms; passed += 5000) {
        pass(5000);
        last = await titles();
      }
      return last.filter((title) => title.startsWith(project));
    };
    await detect.evaluate();
    expect(await sweep(10 * MINUTE)).toEqual([]);
    expect(await sweep(5000)).toEqual([`${project} is offline`]);
    // A probe that goes down now adds its own finding; the first one stays.
    states = [stateOf(project, 'down', now)];
    expect((await titles()).filter((title) => title.startsWith(project)).sort()).toEqual([
      `${project} is offline`,
      `${project}/api is down`,
    ]);
    states = [stateOf(project, 'up', now)];
    restart();
    expect(await sweep(5000)).toEqual([`${project} is offline`]);
    seen.set(project, now);
    expect(await sweep(5000)).toEqual([]);
  });

  it('raises no offline alarm for the time in which the hub was away', async () => {
    await detect.evaluate();
    pass(60 * MINUTE);
    expect(await titles()).toEqual([]);
    restart();
    expect(await titles()).toEqual([]);
  });

  it('ends what fired in a project that was removed, and says so again after a crash in between', async () => {
    states = [stateOf(project, 'down', now)];
    expect((await detect.evaluate()).findings).toHaveLength(1);
    restart([]);
    for (let round = 0; round < 2; round++) {
      const { findings, scope } = await detect.evaluate();
      expect(findings).toEqual([]);
      expect(scope).toContain(project);
      restart([]);
    }
    pass(61 * MINUTE);
    await detect.evaluate();
    expect((await detect.evaluate()).scope).not.toContain(project);
  });

  it('drops a threshold that is declared no more', async () => {
    await measure(9);
    await detect.evaluate([project]);
    pass(MINUTE);
    await measure(9);
    expect(await titles([project])).toEqual([TOO_MANY()]);
    detect.sync([{ ...declare(project), thresholds: [] }]);
    expect(await titles([project])).toEqual([]);
  });

  it('judges one project without touching another', async () => {
    const other = `${project}-other`;
    restart([declare(project), declare(other)]);
    states = [stateOf(project, 'down', now), stateOf(other, 'down', now)];
    expect((await detect.evaluate()).findings.map((f) => f.project).sort()).toEqual([project, other].sort());
    states = [stateOf(project, 'up', now), stateOf(other, 'down', now)];
    expect(await detect.evaluate([project])).toMatchObject({ findings: [], scope: [project] });
    expect((await detect.evaluate([other])).findings).toHaveLength(1);
  });

  it('tells of a certificate at 30, 14, 7 and 1 days, each once, and of none any more when it is renewed', async () => {
    const DAY = 24 * 60 * MINUTE;
    const declared = declare(project);
    const services = ProjectDeclaration.shape.services.parse([
      { name: 'shop', probes: [{ kind: 'tls', host: 'shop.example' }] },
    ]);
    restart([{ ...declared, services }]);
    states = [];
    const certificate = (daysLeft: number) =>
      samples.append(
        database.db,
        project,
        [{ key: 'tls.days_left', value: daysLeft, unit: 'days', service: 'shop', tags: { kind: 'tls' }, at: now }],
        now,
      );
    const expiries = async () =>
      (await titles()).filter((title) => title.startsWith('The certificate')).map((title) => title.split(' in ')[1]);
    const seenTitles: (string | undefined)[][] = [];
    for (const daysLeft of [31, 30, 29, 14, 8, 7, 1, 0.5]) {
      await certificate(daysLeft);
      seenTitles.push(await expiries());
      // A judgement of new facts, and one right after: they know no more, and end nothing.
      expect((await detect.evaluate([project])).findings.length).toBe(seenTitles.at(-1)?.length);
      pass(DAY);
      seen.set(project, now);
    }
    expect(seenTitles.map((told) => told.length)).toEqual([0, 1, 1, 2, 2, 3, 4, 4]);
    expect(seenTitles.at(-1)?.sort()).toEqual(
      ['less than 14 days', 'less than 30 days', 'less than 7 days', 'less than a day'].sort(),
    );
    await certificate(89);
    expect(await expiries()).toEqual([]);
  });
});
