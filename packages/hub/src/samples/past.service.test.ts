import { beforeAll, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../test/services/databases.ts';
import { createLog } from '../platform/log.ts';
import { createSamples, type Samples } from './index.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.parse('2026-03-10T12:00:00Z');

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let samples: Samples;
  let now = NOON;

  beforeAll(async () => {
    database = await open();
    samples = createSamples({
      db: database.db,
      clock: { now: () => now, monotonic: () => performance.now() },
      log: createLog('silent', { write: () => undefined }),
      rawRetentionMs: () => 30 * 24 * HOUR,
    });
    // Three hours of a figure every minute: its value is the minute it is from.
    const figures = Array.from({ length: 180 }, (_, i) => ({
      key: 'audit.ok',
      value: i,
      at: NOON - 3 * HOUR + i * MINUTE,
    }));
    await samples.append(database.db, 'veria', figures, now);
    await samples.append(database.db, 'veria', [{ key: 'audit.fail', value: 7, at: NOON - 2.5 * HOUR }], now);
    await samples.append(database.db, 'other', [{ key: 'audit.ok', value: 1, at: NOON - HOUR }], now);
  });

  const at = async (minute: number) =>
    Object.fromEntries(
      (await samples.latestAt(['veria'], ['audit.ok', 'audit.fail'], NOON - 3 * HOUR + minute * MINUTE + 500)).map(
        ({ key, value }) => [key, value],
      ),
    );

  describe('what numbers stood at a moment', () => {
    it('is read from open hours', async () => {
      expect(await at(10)).toEqual({ 'audit.ok': 10 });
      expect(await at(100)).toEqual({ 'audit.ok': 100, 'audit.fail': 7 });
      expect(await at(-1)).toEqual({});
    });

    it('is the same after the hours were packed', async () => {
      now = NOON + HOUR;
      await samples.rollup();
      // Some of it is open: a sample of now, and one of long ago that comes late.
      await samples.append(
        database.db,
        'veria',
        [
          { key: 'audit.ok', value: 500, at: NOON + MINUTE },
          { key: 'audit.fail', value: 9, at: NOON - 1.5 * HOUR },
        ],
        now,
      );
      for (const minute of [0, 10, 59, 60, 119, 179]) expect((await at(minute))['audit.ok']).toBe(minute);
      expect(await at(180 + 30)).toEqual({ 'audit.ok': 500, 'audit.fail': 9 });
      expect((await at(89))['audit.fail']).toBe(7);
      expect((await at(91))['audit.fail']).toBe(9);
    });
  });
});
