import { beforeAll, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../test/services/databases.ts';
import { systemCaller } from '../access/index.ts';
import { inTransaction } from '../platform/db.ts';
import { createLog } from '../platform/log.ts';
import { createSamples, type Samples } from './index.ts';
import { LIMITS } from './limits.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const DAY = 86_400_000;
const caller = systemCaller('test');
const log = createLog('silent', { write: () => undefined });

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let samples: Samples;
  const make = () =>
    createSamples({
      db: database.db,
      clock: { now: () => NOW, monotonic: () => performance.now() },
      log,
      rawRetentionMs: () => 30 * DAY,
    });
  const valuesOf = async (project: string, key: string) => {
    const { series } = await samples.query(caller, {
      project,
      keys: [key],
      from: NOW - DAY,
      to: NOW + LIMITS.futureMs,
    });
    return series.flatMap((s) => s.points.map(([, value]) => value));
  };

  beforeAll(async () => {
    database = await open();
    samples = make();
  });

  it('stores what it accepts, and each sample is read back at its own time', async () => {
    const result = await samples.append(
      database.db,
      'veria',
      [
        { key: 'queue.depth', value: 4, at: NOW - 2000, unit: 'jobs' },
        { key: 'queue.depth', value: 5.25, at: NOW - 1000 },
        { key: 'queue.depth', value: 9, at: NOW - 1000, service: 'api', tags: { zone: 'a' } },
      ],
      NOW,
    );
    expect(result).toEqual({ stored: 3, refused: {} });
    const answer = await samples.query(caller, { project: 'veria', keys: ['queue.depth'], from: NOW - 5000, to: NOW });
    expect(answer.series).toEqual([
      {
        key: 'queue.depth',
        unit: 'jobs',
        points: [
          ['2026-03-10T11:59:58.000Z', 4],
          ['2026-03-10T11:59:59.000Z', 5.25],
        ],
      },
      { key: 'queue.depth', service: 'api', tags: { zone: 'a' }, points: [['2026-03-10T11:59:59.000Z', 9]] },
    ]);
  });

  it('takes the time of arrival for a sample without a time', async () => {
    await samples.append(database.db, 'undated', [{ key: 'k', value: 1 }], NOW - 500);
    const [latest] = await samples.latest(['undated'], ['k']);
    expect(latest).toMatchObject({ at: NOW - 500, receivedAt: NOW - 500, value: 1 });
  });

  it('keeps one point when the same one comes twice, in one batch or in two, and the last value wins', async () => {
    const at = NOW - 60_000;
    await samples.append(
      database.db,
      'twice',
      [
        { key: 'k', value: 1, at },
        { key: 'k', value: 2, at },
      ],
      NOW,
    );
    expect(await valuesOf('twice', 'k')).toEqual([2]);
    await samples.append(database.db, 'twice', [{ key: 'k', value: 3, at }], NOW);
    expect(await valuesOf('twice', 'k')).toEqual([3]);
  });

  it('treats tags in any order as the same series', async () => {
    await samples.append(database.db, 'tags', [{ key: 'k', value: 1, at: NOW - 2, tags: { a: '1', b: '2' } }], NOW);
    await samples.append(database.db, 'tags', [{ key: 'k', value: 2, at: NOW - 1, tags: { b: '2', a: '1' } }], NOW);
    expect((await samples.keys(caller, 'tags')).items).toHaveLength(1);
    expect(await valuesOf('tags', 'k')).toEqual([1, 2]);
  });

  it('refuses what no chart can hold, counts it by reason and keeps the rest of the batch', async () => {
    const tooMany = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`t${i}`, 'x']));
    const result = await samples.append(
      database.db,
      'poison',
      [
        { key: 'ok', value: 7 },
        { key: 'ok', value: Number.NaN },
        { key: 'ok', value: Number.POSITIVE_INFINITY },
        { key: 'ok', value: JSON.parse('1e999') },
        { key: 'ok', value: 'NaN' },
        { key: 'ok', value: ' -Infinity ' },
        { key: 'ok', value: 2 ** 53 },
        { key: 'ok', value: JSON.parse('1234567890123456789012345678901234567890') },
        { key: 'items_count', value: -1 },
        { key: 'ok', value: 1, at: NOW - 31 * DAY },
        { key: 'ok', value: 1, at: NOW + LIMITS.futureMs + 1 },
        { key: '', value: 1 },
        { key: '__proto__', value: 1 },
        { key: 'constructor', value: 1 },
        { key: '9lives', value: 1 },
        { key: 'ok', value: 1, service: 'no spaces here' },
        { key: 'ok', value: 'x'.repeat(257) },
        { key: 'ok', value: 1, tags: tooMany },
        { key: 'ok', value: 1, tags: JSON.parse('{"__proto__":"x"}') },
        { key: 'ok', value: 1, tags: { label: 'x'.repeat(1_000_000) } },
      ],
      NOW,
    );
    expect(result).toEqual({
      stored: 1,
      refused: {
        non_finite: 5,
        out_of_range: 2,
        negative_count: 1,
        too_old: 1,
        in_future: 1,
        bad_key: 4,
        bad_service: 1,
        oversized: 1,
        too_many_tags: 1,
        bad_tags: 2,
      },
    });
    expect((await samples.keys(caller, 'poison')).items.map((item) => [item.key, item.last])).toEqual([['ok', 7]]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('accepts a sample exactly at the edge of what is too old or too far ahead', async () => {
    const edge = await samples.append(
      database.db,
      'edge',
      [
        { key: 'k', value: 1, at: NOW - 30 * DAY },
        { key: 'k', value: 2, at: NOW + LIMITS.futureMs },
        { key: 'k', value: Number.MAX_SAFE_INTEGER, at: NOW },
        { key: 'k', value: -Number.MAX_SAFE_INTEGER, at: NOW - 1 },
      ],
      NOW,
    );
    expect(edge).toEqual({ stored: 4, refused: {} });
  });

  it('stops at the limit of new series of a project, keeps feeding the known ones, and leaves other projects alone', async () => {
    const many = Array.from({ length: LIMITS.seriesPerProject + 50 }, (_, i) => ({ key: `k${i}`, value: i }));
    const first = await samples.append(database.db, 'greedy', many, NOW);
    expect(first).toEqual({ stored: LIMITS.seriesPerProject, refused: { series_limit: 50 } });
    const again = await samples.append(database.db, 'greedy', many, NOW + 1000);
    expect(again).toEqual({ stored: LIMITS.seriesPerProject, refused: { series_limit: 50 } });
    expect((await samples.append(database.db, 'modest', [{ key: 'k', value: 1 }], NOW)).stored).toBe(1);
  });

  it('keeps texts run by run: the newest is read, a repeated one takes no new row', async () => {
    const text = (value: string, at: number) =>
      samples.append(database.db, 'texts', [{ key: 'version', value, at: NOW + at }], NOW + at);
    await text('1.0.0', -4000);
    await text('1.0.0', -3000);
    await text('1.1.0', -2000);
    await text('1.1.0', -1000);
    const [item] = (await samples.keys(caller, 'texts')).items;
    expect(item).toMatchObject({ key: 'version', kind: 'text', last: '1.1.0', lastAt: '2026-03-10T11:59:59.000Z' });
    const rows = await database.db
      .withTables<{ texts: { value: string; at: number; until: number } }>()
      .selectFrom('texts')
      .select(['value', 'at', 'until'])
      .orderBy('at')
      .execute();
    expect(rows).toEqual([
      { value: '1.0.0', at: NOW - 4000, until: NOW - 3000 },
      { value: '1.1.0', at: NOW - 2000, until: NOW - 1000 },
    ]);
  });

  it('goes on reading the newest text when an older one comes late', async () => {
    const text = (value: string, at: number) =>
      samples.append(database.db, 'late-texts', [{ key: 'version', value, at: NOW + at }], NOW);
    await text('2.0.0', -4000);
    await text('2.0.0', -1000);
    await text('1.0.0', -2000);
    await text('0.9.0', -4000);
    const [item] = (await samples.keys(caller, 'late-texts')).items;
    expect(item).toMatchObject({ last: '2.0.0', lastAt: '2026-03-10T11:59:59.000Z' });
  });

  it('keeps a metric that changed from text to number as both', async () => {
    await samples.append(database.db, 'both', [{ key: 'state', value: 'ok', at: NOW - 2000 }], NOW);
    await samples.append(database.db, 'both', [{ key: 'state', value: 1, at: NOW - 1000 }], NOW);
    expect((await samples.keys(caller, 'both')).items.map((item) => [item.kind, item.last]).sort()).toEqual([
      ['number', 1],
      ['text', 'ok'],
    ]);
  });

  describe("inside the caller's transaction", () => {
    it('is undone with it, series and all, and the next append does not write into a series that never was', async () => {
      const sample = { key: 'k', value: 1, at: NOW - 1000 };
      await expect(
        inTransaction(database.db, async (trx) => {
          expect((await samples.append(trx, 'undone', [sample], NOW)).stored).toBe(1);
          // A second call in the same transaction sees the series that the first one made.
          expect((await samples.append(trx, 'undone', [{ ...sample, at: NOW - 900 }], NOW)).stored).toBe(1);
          throw new Error('the caller gives up');
        }),
      ).rejects.toThrow('the caller gives up');
      expect((await samples.keys(caller, 'undone')).items).toEqual([]);
      await samples.append(database.db, 'someone-else', [{ key: 'k', value: 42 }], NOW);
      await samples.append(database.db, 'undone', [sample], NOW);
      expect(await valuesOf('undone', 'k')).toEqual([1]);
      expect(await valuesOf('someone-else', 'k')).toEqual([42]);
    });
  });

  it('keeps every point when two writers append the same points at once', async () => {
    const batch = Array.from({ length: 700 }, (_, i) => ({ key: `k${i % 7}`, value: i, at: NOW - 1000 * (700 - i) }));
    const other = make();
    const results = await Promise.all([
      samples.append(database.db, 'race', batch, NOW),
      other.append(database.db, 'race', [...batch].reverse(), NOW),
    ]);
    expect(results.map((result) => result.stored)).toEqual([700, 700]);
    const { series } = await samples.query(caller, { project: 'race', keys: ['k*'], from: NOW - DAY, to: NOW });
    expect(series.map((s) => s.points.length)).toEqual([100, 100, 100, 100, 100, 100, 100]);
  });
});
