import { beforeEach, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../../test/services/databases.ts';
import { systemCaller } from '../../access/index.ts';
import { listTemplates } from './list.ts';
import { createMiner, type StoredLine } from './mine.ts';
import { expireTemplates, loadSources } from './store.ts';

const HOUR = 3_600_000;

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let now: number;
  let stored: StoredLine[];
  const clock = { now: () => now, monotonic: () => now };
  const log = (message: string, { project = 'veria', level = 1, at = now } = {}) =>
    stored.push({ id: stored.length + 1, project, service: 'api', level, message, at, receivedAt: now });
  const hub = () =>
    createMiner({
      db: database.db,
      clock,
      linesAfter: async (after, limit) => stored.filter(({ id }) => id > after).slice(0, limit),
    });
  const listed = async (project = 'veria') =>
    (
      await listTemplates({ db: database.db, now: clock.now }, systemCaller('test'), {
        project,
        order: 'frequent',
        limit: 50,
      })
    ).items;

  beforeEach(async () => {
    database = await open();
    now = Date.parse('2026-11-20T12:00:00Z');
    stored = [];
  });

  it('counts every stored line once, over restarts and by whichever hub comes first', async () => {
    const one = hub();
    const other = hub();
    for (let n = 0; n < 60; n++) {
      log(`order ${n} paid in ${n * 3} ms`);
      if (n % 4 === 0) log(`cart of user u${n} is empty`);
      if (n % 10 === 0) await Promise.all([one.mine(), other.mine()].map((mining) => mining.catch(() => undefined)));
    }
    await one.mine();
    await other.mine();
    await hub().mine();
    const items = await listed();
    expect(items.map(({ template, total }) => [template, total])).toEqual([
      ['order <*> paid in <*> ms', 60],
      ['cart of user <*> is empty', 15],
    ]);
    expect(items[0]?.hours.reduce((sum, lines) => sum + lines, 0)).toBe(60);
  });

  it('tells of an error that a known log never held, until it has stayed away', async () => {
    const miner = hub();
    for (let n = 0; n < 300; n++) log(`order ${n} paid`);
    await miner.mine();
    now += 2 * HOUR;
    log('payment gateway refused card of ann@shop.test', { level: 3 });
    log('order 5 paid');
    await miner.mine();
    const facts = miner.facts('veria', now) ?? [];
    expect(facts.filter(({ isNew }) => isNew).map(({ template, level }) => [template, level])).toEqual([
      ['payment gateway refused card of <*>', 3],
    ]);
    now += HOUR / 2;
    await miner.mine();
    expect(miner.facts('veria', now)).toEqual([]);
  });

  describe('what comes after a silence', () => {
    const TEN_MINUTES = HOUR / 6;
    const rises = (miner: ReturnType<typeof hub>) => miner.facts('veria', now)?.filter(({ rise }) => rise) ?? [];
    /** Thirty lines in every ten minutes of some hours, mined as they come. */
    async function aWhile(miner: ReturnType<typeof hub>, hours: number): Promise<void> {
      for (let turn = 0; turn < hours * 6; turn++) {
        for (let n = 0; n < 30; n++) log(`order ${n} paid`);
        await miner.mine();
        now += TEN_MINUTES;
      }
    }

    it('is no rise when it is what was said meanwhile', async () => {
      const miner = hub();
      await aWhile(miner, 6);
      const from = now;
      now += 3 * HOUR;
      for (let at = from; at < now; at += TEN_MINUTES)
        for (let n = 0; n < 30; n++) log(`order ${n} paid`, { at: at + n });
      await miner.mine();
      expect(rises(miner)).toEqual([]);
      expect((await listed())[0]).toMatchObject({ isFrequent: false, total: 1620, lastDay: 1620 });
      for (let n = 0; n < 1000; n++) log(`order ${n} paid`);
      await miner.mine();
      expect(rises(miner)).toHaveLength(1);
      expect((await listed())[0]?.isFrequent).toBe(true);
    });

    it('is no rise after a day of which nothing is known', async () => {
      const miner = hub();
      await aWhile(miner, 6);
      now += 40 * HOUR;
      await aWhile(miner, 0.5);
      expect(rises(miner)).toEqual([]);
      expect((await listed())[0]?.isFrequent).toBe(false);
    });

    it('counts as it comes when its own time cannot be right', async () => {
      const miner = hub();
      log('order 1 paid', { at: 0 });
      log('order 2 paid', { at: now + 5 * HOUR });
      await miner.mine();
      expect((await listed())[0]).toMatchObject({ lastDay: 2 });
    });
  });

  it('says nothing of what it does not know: not before it mined, and not long after', async () => {
    const miner = hub();
    expect(miner.facts('veria', now)).toBeUndefined();
    log('hello there');
    await miner.mine();
    expect(miner.facts('veria', now)).toHaveLength(1);
    now += 120_000;
    expect(miner.facts('veria', now)).toBeUndefined();
  });

  it('keeps a log of endless variety within bounds', async () => {
    const miner = hub();
    for (let n = 0; n < 3000; n++) {
      now += 10;
      const words = Array.from(
        { length: 3 + (n % 40) },
        (_, i) => `w${String.fromCharCode(97 + ((n * 7 + i * 3) % 26))}${i}`,
      );
      log(`${String.fromCharCode(97 + (n % 26))}${String.fromCharCode(97 + ((n >> 4) % 26))} ${words.join(' ')}`);
    }
    await miner.mine();
    const { sources } = await loadSources(database.db);
    expect(sources[0]?.lines).toBe(3000);
    expect(sources[0]?.templates.length).toBeLessThanOrEqual(500);
  });

  it('forgets projects that are gone and templates that were not seen for a month', async () => {
    log('hello there');
    log('bye now', { project: 'gone' });
    await hub().mine();
    await expireTemplates(database.db, now, ['veria']);
    expect((await loadSources(database.db)).sources.map(({ project }) => project)).toEqual(['veria']);
    await expireTemplates(database.db, now + 31 * 24 * HOUR, ['veria']);
    expect((await loadSources(database.db)).sources[0]?.templates).toEqual([]);
  });
});
