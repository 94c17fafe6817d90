import { ProjectDeclaration } from '@orrery/protocol';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../../test/services/databases.ts';
import { until } from '../../../../../test/services/until.ts';
import { anonymousCaller, systemCaller } from '../../access/index.ts';
import { createLog } from '../../platform/log.ts';
import { createSamples, type Samples } from '../../samples/index.ts';
import { type Watched, watch } from '../gather.ts';
import { type Crew, createCrew } from './crew.ts';
import { createForecastFacts } from './facts.ts';
import { getForecast, listForecasts } from './list.ts';
import { runDue } from './run.ts';
import { daily, noise } from './testing.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-10T12:20:00Z');
const log = createLog('silent', { write: () => undefined });
const staff = systemCaller('test');

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let samples: Samples;
  let crew: Crew;
  let now: number;
  let project = '';
  let suite = 0;
  let watched: Map<string, Watched>;
  const clock = { now: () => now, monotonic: () => now };

  const declare = (more: Partial<ProjectDeclaration> = {}) => {
    const declaration = ProjectDeclaration.parse({
      ...{ slug: project, name: project, hubUrl: 'http://127.0.0.1:1' },
      thresholds: [{ metric: 'disk.used_percent', above: 90, severity: 'critical' }],
      ...more,
    });
    watched = new Map([[project, watch(declaration)]]);
  };
  const deps = () => {
    const parts = { db: database.db, clock, log, samples, crew, watched: () => watched };
    return { ...parts, crossing: createForecastFacts(parts).crossing };
  };
  const run = () => runDue(deps());
  const list = async () => (await listForecasts(deps(), staff, { project })).items;
  /** One value an hour over so many hours before now. */
  const measure = async (key: string, hours: number, value: (hour: number) => number) => {
    const first = Math.floor(now / HOUR) * HOUR - hours * HOUR;
    const some = Array.from({ length: hours }, (_, hour) => ({ key, value: value(hour), at: first + hour * HOUR + 1 }));
    for (let from = 0; from < some.length; from += 500)
      await samples.append(database.db, project, some.slice(from, from + 500), now);
  };

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(() => {
    now = START;
    project = `p${suite++}`;
    samples = createSamples({ db: database.db, clock, log, rawRetentionMs: () => 90 * 24 * HOUR });
    crew = createCrew();
    declare();
  });
  afterEach(() => crew.rest());

  it('forecasts a disk that fills, and says when it crosses its limit', async () => {
    await measure('disk.used_percent', 21 * 24, (hour) => 50 + 0.07 * hour + 0.2 * noise(hour));
    expect(await run()).toBe(1);
    const [forecast] = await list();
    expect(forecast).toMatchObject({ state: 'ready', metric: 'disk.used_percent', project });
    // 50 + 0.07 · 504 = 85.3 now; 90 is reached 67 hours later.
    const [crossing] = forecast?.crossings ?? [];
    expect(crossing?.inHours).toBeGreaterThanOrEqual(60);
    expect(crossing?.inHours).toBeLessThanOrEqual(71);
    expect(crossing?.confidence).toBeGreaterThan(0.5);
    expect((await listForecasts(deps(), staff, { project, crossing: true })).items).toHaveLength(1);
    const detail = await getForecast(deps(), staff, forecast?.id ?? '');
    expect(detail.points).toHaveLength(72);
    expect(detail.points[0]?.at).toBe('2026-03-10T12:00:00.000Z');
    expect(detail.measured).toHaveLength(7 * 24);
    expect(detail.thresholds).toEqual([{ above: 90, severity: 'critical' }]);
    declare({ thresholds: [] });
    expect((await listForecasts(deps(), staff, { project, crossing: true })).items).toEqual([]);
    expect(crew.thread(), 'the thread ends with its work').toBeUndefined();
  });

  it('gives each series its turn once an hour, and tries the forecasters anew once a day', async () => {
    await measure('disk.used_percent', 14 * 24, (hour) => 50 + daily(hour, 5) + noise(hour));
    expect(await run()).toBe(1);
    expect(await run(), 'nothing is due').toBe(0);
    const [first] = await list();
    now += HOUR;
    await measure('disk.used_percent', 1, () => 50);
    expect(await run()).toBe(1);
    const [second] = await list();
    expect(second?.backtestAt).toBe(first?.backtestAt);
    expect(Date.parse(second?.dataUntil ?? '')).toBe(Date.parse(first?.dataUntil ?? '') + HOUR);
    for (let hour = 0; hour < 25; hour++) {
      now += HOUR;
      await measure('disk.used_percent', 1, () => 50);
    }
    await run();
    expect((await list())[0]?.backtestAt).toBe(new Date(now).toISOString());
  });

  it('says why there is no forecast: too short, or silent; a short gap is bridged', async () => {
    declare({ forecasts: { also: ['a', 'b', 'c'], except: [] } });
    await measure('a', 40, (hour) => noise(hour));
    await measure('b', 300, (hour) => noise(hour));
    await measure('c', 300, (hour) => noise(hour));
    now += 3 * HOUR;
    await measure('a', 3, () => 1);
    await measure('c', 3, () => 1);
    now += 6 * HOUR;
    await measure('a', 6, () => 1);
    await measure('c', 1, () => 1);
    await run();
    const reasons = Object.fromEntries(
      (await list()).map(({ metric, state, reason }) => [metric, `${state}: ${reason}`]),
    );
    expect(reasons).toEqual({
      a: 'not_enough_data: needs 168 hours, has 49',
      b: 'not_enough_data: silent for 9 hours',
      c: 'ready: undefined',
    });
  });

  it('replaces a worker that dies or hangs, keeps the path of before and goes on', async () => {
    declare({ forecasts: { also: ['b'], except: [] } });
    await measure('disk.used_percent', 28 * 24, (hour) => 50 + daily(hour, 5) + noise(hour));
    await measure('b', 28 * 24, (hour) => daily(hour, 5) + noise(hour));
    await run();
    now += 25 * HOUR;
    await measure('disk.used_percent', 25, (hour) => 50 + daily(hour, 5));
    await measure('b', 25, (hour) => daily(hour, 5));
    const running = run();
    const thread = await until(() => crew.thread(), { what: 'the thread', everyMs: 1 });
    await thread.terminate();
    expect(await running).toBe(2);
    const states = (await list()).map(({ state, reason, outline }) => [state, reason, outline?.values.length]);
    expect(states).toEqual([
      ['failed', 'the worker ended before it answered', 48 + 72],
      ['ready', undefined, 48 + 72],
    ]);
    now += HOUR;
    await run();
    expect((await list()).map(({ state }) => state)).toEqual(['ready', 'ready']);
    crew = createCrew({ longestMs: 1 });
    now += HOUR;
    await run();
    expect((await list()).map(({ reason }) => reason)).toEqual(['no answer within 1 ms', 'no answer within 1 ms']);
  });

  it('forgets what is wanted no more, and shows nothing to strangers', async () => {
    await measure('disk.used_percent', 10 * 24, (hour) => 50 + noise(hour));
    await run();
    const [forecast] = await list();
    const narrow = { ...staff, projects: ['another'] };
    expect((await listForecasts(deps(), narrow, {})).items).toEqual([]);
    await expect(getForecast(deps(), narrow, forecast?.id ?? '')).rejects.toMatchObject({ code: 'not_found' });
    await expect(listForecasts(deps(), anonymousCaller, {})).rejects.toMatchObject({
      code: 'unauthorized',
    });
    declare({ forecasts: { also: [], except: ['*'] } });
    await run();
    expect(await list()).toEqual([]);
  });

  it('hands on what it says of limits, and reads each forecast once', async () => {
    await measure('disk.used_percent', 21 * 24, (hour) => 52 + 0.07 * hour + 0.2 * noise(hour));
    await run();
    const facts = createForecastFacts(deps());
    const [fact] = (await facts.look()).get(project) ?? [];
    expect(fact?.crossing).toMatchObject({ known: false });
    expect(fact?.crossing.confidence).toBeGreaterThan(0.9);
    watched = new Map();
    expect((await facts.look()).get(project), 'as it was read').toHaveLength(1);
    facts.forget();
    expect((await facts.look()).get(project)).toBeUndefined();
  });

  describe('with several series', () => {
    it('pages through them in a stable order', async () => {
      declare({ forecasts: { also: ['m*'], except: [] } });
      for (const key of ['m1', 'm2', 'm3']) await measure(key, 2, () => 1);
      await run();
      const first = await listForecasts(deps(), staff, { project, limit: 2 });
      const rest = await listForecasts(deps(), staff, { project, limit: 2, cursor: first.nextCursor });
      expect([...first.items, ...rest.items].map(({ metric }) => metric).sort()).toEqual(['m1', 'm2', 'm3']);
      expect(rest.nextCursor).toBeUndefined();
    });
  });
});
