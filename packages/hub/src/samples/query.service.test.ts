import { beforeAll, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../test/services/databases.ts';
import { anonymousCaller, type Caller, projectCaller, systemCaller } from '../access/index.ts';
import { createLog } from '../platform/log.ts';
import { createSamples, type Samples } from './index.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-10T12:00:00Z');
const caller = systemCaller('test');
const only = (...projects: string[]): Caller => ({ ...caller, kind: 'key', projects });
const log = createLog('silent', { write: () => undefined });

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let samples: Samples;

  beforeAll(async () => {
    database = await open();
    samples = createSamples({
      db: database.db,
      clock: { now: () => NOW, monotonic: () => performance.now() },
      log,
      rawRetentionMs: () => 30 * 24 * HOUR,
      projectExists: async (project) => project !== 'nowhere',
    });
    const every = (key: string, service: string, value: (i: number) => number) =>
      Array.from({ length: 240 }, (_, i) => ({
        key,
        service,
        value: value(i),
        at: NOW - HOUR + i * 15_000,
        unit: 'ms',
      }));
    await samples.append(
      database.db,
      'veria',
      [
        ...every('probe.latency_ms', 'api', (i) => i),
        ...every('probe.latency_ms', 'web', (i) => 1000 + i),
        ...every('probe.up', 'api', () => 1),
        ...every('performance.error_rate', 'api', () => 0.5),
        { key: 'version', value: '2.0.0' },
      ],
      NOW,
    );
    await samples.append(
      database.db,
      'performia',
      every('probe.latency_ms', 'api', (i) => i),
      NOW,
    );
  });

  it('gives the samples themselves when they are few and no step is asked for', async () => {
    const { series } = await samples.query(caller, { project: 'veria', keys: ['probe.latency_ms'], service: 'api' });
    expect(series).toHaveLength(1);
    expect(series[0]?.points).toHaveLength(240);
    expect(series[0]?.points[1]).toEqual(['2026-03-10T11:00:15.000Z', 1]);
  });

  it('gives one value for each step, aligned to the step', async () => {
    const ask = async (stat: 'avg' | 'min' | 'max' | 'sum' | 'count' | 'p50') => {
      const input = {
        project: 'veria',
        keys: ['probe.latency_ms'],
        service: 'api',
        from: NOW - HOUR + 7000,
        to: NOW - 1,
        step: 1_800_000,
        stat,
      };
      return (await samples.query(caller, input)).series[0]?.points;
    };
    const at = ['2026-03-10T11:00:00.000Z', '2026-03-10T11:30:00.000Z'];
    expect(await ask('avg')).toEqual([
      [at[0], 59.5],
      [at[1], 179.5],
    ]);
    expect(await ask('min')).toEqual([
      [at[0], 0],
      [at[1], 120],
    ]);
    expect(await ask('max')).toEqual([
      [at[0], 119],
      [at[1], 239],
    ]);
    expect(await ask('sum')).toEqual([
      [at[0], 7140],
      [at[1], 21540],
    ]);
    expect(await ask('count')).toEqual([
      [at[0], 120],
      [at[1], 120],
    ]);
    const [, second] = (await ask('p50')) ?? [];
    expect(Math.abs((second?.[1] ?? 0) - 179)).toBeLessThanOrEqual(1.8);
  });

  it('finds series by several keys and by the beginning of a key', async () => {
    const keysOf = async (...keys: string[]) =>
      (await samples.query(caller, { project: 'veria', keys })).series.map((s) => `${s.service}/${s.key}`).sort();
    expect(await keysOf('probe.*')).toEqual(['api/probe.latency_ms', 'api/probe.up', 'web/probe.latency_ms']);
    expect(await keysOf('probe.up', 'performance.*')).toEqual(['api/performance.error_rate', 'api/probe.up']);
    expect(await keysOf('probe')).toEqual([]);
    expect(await keysOf('*')).toHaveLength(4);
  });

  it('chooses a selection by itself: latencies first, what the hub only counts last', async () => {
    const { series } = await samples.query(caller, { project: 'veria' });
    expect(series.map((s) => s.key)).toEqual([
      'probe.latency_ms',
      'probe.latency_ms',
      'performance.error_rate',
      'probe.up',
    ]);
  });

  it('takes a readable step by itself when the samples are too many', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({ key: 'dense', value: i, at: NOW - 3_000_000 + i * 1000 }));
    await samples.append(database.db, 'crowd', many, NOW);
    const { series } = await samples.query(caller, { project: 'crowd', keys: ['dense'] });
    expect(series[0]?.points.length).toBeGreaterThan(100);
    expect(series[0]?.points.length).toBeLessThanOrEqual(2000);
  });

  it('refuses a step that gives too many points, and names one that does not', async () => {
    const input = { project: 'veria', keys: ['probe.up'], from: NOW - 24 * HOUR, to: NOW, step: 1000 };
    await expect(samples.query(caller, input)).rejects.toMatchObject({
      code: 'invalid',
      fields: [{ field: 'query.step', reason: 'gives more than 2000 points for this range; take 1m or more' }],
    });
    await expect(samples.query(caller, { ...input, step: 60_000 })).resolves.toMatchObject({ project: 'veria' });
  });

  it('refuses a range that ends before it begins', async () => {
    await expect(samples.query(caller, { project: 'veria', from: NOW, to: NOW - 1 })).rejects.toMatchObject({
      code: 'invalid',
      fields: [{ field: 'query.from' }],
    });
  });

  it('knows a project without samples from one that does not exist', async () => {
    expect(await samples.query(caller, { project: 'empty' })).toEqual({ project: 'empty', series: [] });
    await expect(samples.query(caller, { project: 'nowhere' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(samples.keys(caller, 'nowhere')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('lists every metric with its newest value', async () => {
    const { items } = await samples.keys(caller, 'veria');
    expect(items).toContainEqual({
      key: 'probe.latency_ms',
      service: 'web',
      unit: 'ms',
      kind: 'number',
      last: 1239,
      lastAt: '2026-03-10T11:59:45.000Z',
    });
    expect(items).toContainEqual({ key: 'version', kind: 'text', last: '2.0.0', lastAt: '2026-03-10T12:00:00.000Z' });
  });

  it('draws one small line for each project from one request', async () => {
    const { items } = await samples.sparklines(caller, { key: 'probe.latency_ms', points: 30 });
    expect(items.map((item) => [item.project, item.unit])).toEqual([
      ['performia', 'ms'],
      ['veria', 'ms'],
    ]);
    for (const { points } of items) {
      expect(points.length).toBeGreaterThanOrEqual(28);
      expect(points.length).toBeLessThanOrEqual(31);
    }
    expect(items[0]?.points[0]).toEqual(['2026-03-10T11:00:00.000Z', 3.5]);
    expect(items[1]?.points[0]).toEqual(['2026-03-10T11:00:00.000Z', 503.5]);
  });

  describe('shows a caller nothing outside of its projects', () => {
    it('in sparklines', async () => {
      const { items } = await samples.sparklines(only('performia'), { key: 'probe.latency_ms' });
      expect(items.map((item) => item.project)).toEqual(['performia']);
      expect((await samples.sparklines(only(), { key: 'probe.latency_ms' })).items).toEqual([]);
    });
    it('in queries and keys, where a hidden project is like one that does not exist', async () => {
      await expect(samples.query(only('performia'), { project: 'veria' })).rejects.toMatchObject({ code: 'not_found' });
      await expect(samples.keys(only('performia'), 'veria')).rejects.toMatchObject({ code: 'not_found' });
    });
    it('without the permission', async () => {
      await expect(samples.query(anonymousCaller, { project: 'veria' })).rejects.toMatchObject({
        code: 'unauthorized',
      });
      await expect(samples.keys(projectCaller('veria'), 'veria')).rejects.toMatchObject({ code: 'forbidden' });
      await expect(samples.sparklines(projectCaller('veria'), { key: 'probe.up' })).rejects.toMatchObject({
        code: 'forbidden',
      });
    });
  });

  it('looks back on the samples themselves for a detector', async () => {
    const series = await samples.window({ project: 'veria', key: 'probe.latency_ms', from: NOW - 60_000, to: NOW });
    expect(series.map((s) => [s.series.service, s.points.map((point) => point.value)])).toEqual([
      ['api', [236, 237, 238, 239]],
      ['web', [1236, 1237, 1238, 1239]],
    ]);
  });
});
