import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../test/services/databases.ts';
import { systemCaller } from '../access/index.ts';
import { createLog } from '../platform/log.ts';
import { createSamples, type Samples } from './index.ts';
import type { SamplesTables } from './tables.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2026-03-10T00:00:00Z');
const RETENTION = { raw: 30 * DAY, minute: 90 * DAY, hour: 400 * DAY };
const caller = systemCaller('test');
const log = createLog('silent', { write: () => undefined });
const latency = (i: number) => Math.round(2000 + 1900 * Math.sin(i / 50) + (i % 17) * 10) / 100;

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let now = START;
  let samples: Samples;
  const clock = { now: () => now, monotonic: () => performance.now() };
  const make = (to = log) => createSamples({ db: database.db, clock, log: to, rawRetentionMs: () => RETENTION.raw });
  const tables = () => database.db.withTables<SamplesTables>();
  const rows = async () =>
    Number(
      (
        await tables()
          .selectFrom('samples')
          .select(({ fn }) => fn.countAll<number>().as('n'))
          .executeTakeFirst()
      )?.n,
    );
  const read = async (
    project: string,
    input: { from: number; to: number; step?: number; stat?: 'avg' | 'p95' | 'count' | 'sum' | 'min' | 'max' },
  ) => (await samples.query(caller, { project, keys: ['latency'], ...input })).series[0]?.points ?? [];
  /** A sample every `every` ms over [from, to), and the hub's clock moved to `to`. */
  async function feed(project: string, from: number, to: number, every: number): Promise<void> {
    const batch = [];
    for (let at = from; at < to; at += every)
      batch.push({ key: 'latency', value: latency((at - START) / every), at, unit: 'ms' });
    now = Math.max(now, to);
    await samples.append(database.db, project, batch, now);
  }

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(() => {
    now = START;
    samples = make();
  });

  describe.each([
    ['every 5 s', 5000],
    ['once a minute', 60_000],
    ['every 7 minutes', 420_000],
  ])('a series measured %s', (name, every) => {
    const project = `p${every}`;
    const range = { from: START, to: START + 6 * HOUR };

    it(`answers the same before and after its hours are packed (${name})`, async () => {
      await feed(project, START, START + 6 * HOUR, every);
      const ask = async () => ({
        own: await read(project, { from: START + 2 * HOUR + 1234, to: START + 3 * HOUR }),
        minutes: await read(project, { ...range, step: 60_000, stat: 'max' }),
        hours: await read(project, { ...range, step: HOUR, stat: 'count' }),
        p95: await read(project, { ...range, step: HOUR, stat: 'p95' }),
        odd: await read(project, { ...range, step: 90_000, stat: 'sum' }),
        whole: await read(project, { ...range, step: 6 * HOUR, stat: 'min' }),
      });
      const before = await ask();
      const rowsBefore = await rows();
      now += 2 * HOUR;
      expect(await samples.rollup()).toBeGreaterThanOrEqual(6);
      expect(await rows()).toBeLessThan(rowsBefore);
      const after = await ask();
      for (const part of ['own', 'minutes', 'hours', 'p95', 'whole'] as const)
        expect(after[part]).toEqual(before[part]);
      for (const [i, [at, value]] of after.odd.entries()) {
        expect(at).toBe(before.odd[i]?.[0]);
        expect(value).toBeCloseTo(before.odd[i]?.[1] ?? Number.NaN, 6);
      }
      expect(before.hours).toHaveLength(6);
    });

    it(`has nothing left to do when it is run again (${name})`, async () => {
      now = START + 8 * HOUR;
      expect(await samples.rollup()).toBe(0);
    });
  });

  it('tells p95 of a day within 1 % of the true value, out of packed minutes', async () => {
    await feed('accurate', START, START + DAY, 10_000);
    now += 2 * HOUR;
    await samples.rollup();
    const values = Array.from({ length: 8640 }, (_, i) => latency(i)).sort((a, b) => a - b);
    const truth = values[Math.floor(0.95 * (values.length - 1))] ?? 0;
    const [[, p95] = ['', 0]] = await read('accurate', { from: START, to: START + DAY - 1, step: DAY, stat: 'p95' });
    expect(Math.abs(p95 - truth) / truth).toBeLessThanOrEqual(0.01);
  });

  it('takes a late sample into its packed hour: at once in every answer, and for good with the next rollup', async () => {
    await feed('late', START, START + 2 * HOUR, 60_000);
    now += 3 * HOUR;
    await samples.rollup();
    const late = { key: 'latency', value: 5000, at: START + 30 * 60_000 + 1 };
    const again = { key: 'latency', value: latency(10), at: START + 10 * 60_000 };
    await samples.append(database.db, 'late', [late, again], now);
    const ask = async () => ({
      max: await read('late', { from: START, to: START + HOUR, step: HOUR, stat: 'max' }),
      count: await read('late', { from: START, to: START + 2 * HOUR - 1, step: HOUR, stat: 'count' }),
      minute: await read('late', {
        from: START + 30 * 60_000,
        to: START + 31 * 60_000 - 1,
        step: 60_000,
        stat: 'count',
      }),
      own: await read('late', { from: START + 29 * 60_000, to: START + 31 * 60_000 }),
    });
    const before = await ask();
    expect(before.max[0]?.[1]).toBe(5000);
    expect(before.count.map(([, n]) => n)).toEqual([61, 60]);
    expect(before.minute.map(([, n]) => n)).toEqual([2]);
    expect(before.own.map(([, value]) => value)).toEqual([latency(29), latency(30), 5000, latency(31)]);
    expect(await samples.rollup()).toBe(1);
    expect(await ask()).toEqual(before);
  });

  it('overwrites a packed point that is sent again with another value', async () => {
    await feed('corrected', START, START + HOUR, 60_000);
    now += 3 * HOUR;
    await samples.rollup();
    await samples.append(database.db, 'corrected', [{ key: 'latency', value: 777, at: START }], now);
    await samples.rollup();
    const points = await read('corrected', { from: START, to: START + 60_000 });
    expect(points.map(([, value]) => value)).toEqual([777, latency(1)]);
  });

  it('loses nothing and counts nothing twice when samples come while hours are packed', async () => {
    await feed('busy', START, START + 3 * HOUR, 60_000);
    now += 3 * HOUR;
    const other = make();
    const writing = (async () => {
      for (let i = 0; i < 60; i++)
        await samples.append(
          database.db,
          'busy',
          [{ key: 'latency', value: i, at: START + i * 180_000 + 30_000 }],
          now,
        );
    })();
    await Promise.all([writing, samples.rollup(), other.rollup()]);
    await samples.rollup();
    const counts = await read('busy', { from: START, to: START + 3 * HOUR - 1, step: HOUR, stat: 'count' });
    expect(counts.map(([, n]) => n)).toEqual([80, 80, 80]);
  });

  it('still knows the newest value of a series whose rows are all packed', async () => {
    await feed('quiet', START, START + HOUR, 60_000);
    now += 3 * HOUR;
    await samples.rollup();
    const [latest] = await samples.latest(['quiet'], ['latency']);
    expect(latest).toMatchObject({ at: START + 59 * 60_000, value: latency(59), unit: 'ms' });
  });

  it('keeps minutes and hours when raw samples expire, and nothing when all of it is over', async () => {
    await feed('old', START, START + 2 * HOUR, 5000);
    await feed('old-sparse', START, START + 2 * HOUR, 60_000);
    now += 3 * HOUR;
    await samples.rollup();
    const ask = async (project: string, step: number) =>
      (await read(project, { from: START, to: START + 2 * HOUR - 1, step, stat: 'count' })).map(([, n]) => n);

    now = START + 40 * DAY;
    expect(await samples.expire(RETENTION)).toBeGreaterThan(0);
    expect(await ask('old', 60_000)).toEqual(new Array(120).fill(12));
    expect(await ask('old', 30_000)).toEqual(new Array(120).fill(12));
    expect(await ask('old-sparse', 60_000)).toEqual(new Array(120).fill(1));

    now = START + 100 * DAY;
    await samples.expire(RETENTION);
    expect(await ask('old', HOUR)).toEqual([720, 720]);
    expect(await ask('old', 60_000)).toEqual([720, 720]);
    expect(await ask('old-sparse', HOUR)).toEqual([60, 60]);

    now = START + 402 * DAY;
    await samples.expire(RETENTION);
    expect(await ask('old', HOUR)).toEqual([]);
    expect(
      await tables().selectFrom('series').selectAll().where('project', 'in', ['old', 'old-sparse']).execute(),
    ).toEqual([]);
    expect(await tables().selectFrom('blocks').selectAll().execute()).toEqual([]);
    expect(await tables().selectFrom('hours').selectAll().execute()).toEqual([]);
  });

  it('stops soon when it is told to', async () => {
    await feed('stopped', START, START + HOUR, 60_000);
    now += 3 * HOUR;
    expect(await samples.rollup(AbortSignal.abort())).toBe(0);
    expect(await samples.rollup()).toBe(1);
  });

  it.each(['blocks', 'hours'] as const)('packs all others when one series has a corrupt row in %s', async (table) => {
    const names = ['ahead', 'corrupt', 'behind'].map((name) => `${name}-${table}`);
    const [, corrupt = ''] = names;
    for (const name of names) await feed(name, START, START + HOUR, 60_000);
    now += 2 * HOUR;
    await samples.rollup();
    const { id } = await tables()
      .selectFrom('series')
      .select('id')
      .where('project', '=', corrupt)
      .executeTakeFirstOrThrow();
    const { data } = await tables()
      .selectFrom(table)
      .select('data')
      .where('series_id', '=', id)
      .executeTakeFirstOrThrow();
    const store = (content: Uint8Array) =>
      tables().updateTable(table).set({ data: content }).where('series_id', '=', id).execute();
    await store(data.subarray(0, data.length / 2));
    for (const name of names)
      await samples.append(database.db, name, [{ key: 'latency', value: 777, at: START + 1 }], now);
    const lines: { level: string; series?: number }[] = [];
    samples = make(createLog('warn', { write: (line: string) => void lines.push(JSON.parse(line)) }));
    expect(await samples.rollup()).toBe(2);
    expect(lines).toMatchObject([{ series: id }]);
    expect(await rows()).toBe(1);
    // What could not be packed waits, and no retry makes it worse.
    await store(data);
    expect(await samples.rollup()).toBe(1);
    const points = await read(corrupt, { from: START, to: START + 60_000 });
    expect(points.map(([, value]) => value)).toEqual([latency(0), 777, latency(1)]);
  });
});
