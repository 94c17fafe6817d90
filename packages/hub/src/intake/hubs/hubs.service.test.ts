import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freshDatabase } from '../../../../../test/services/several-hubs.ts';
import { until } from '../../../../../test/services/until.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { type Database, inTransaction, openDatabase } from '../../platform/db.ts';
import { leaseLeft, SERVER_TIME, takeLease } from '../../platform/leases.ts';
import { migrate } from '../../platform/migrate.ts';
import { silentLog } from '../../platform/testing.ts';
import { type Hubs, sharedHub } from './hubs.ts';
import type { News } from './news.ts';
import { castVote, freshVotes } from './votes.ts';

let url = '';
let database: Database;
const after: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const fresh = await freshDatabase();
  url = fresh.url;
  database = await openDatabase({ dataDir: '', url });
  await migrate(database.db, database.kind);
  after.push(fresh.drop, database.close);
});
afterAll(async () => {
  for (const step of after.reverse()) await step();
});

/** A hub that notes what it is told to do with its probes. */
async function hub(id: string, clock: Clock = systemClock): Promise<Hubs & { steps: string[]; news: News[] }> {
  const made = sharedHub({ id, name: `host:${id}`, version: '0', url, clock, log: silentLog });
  const [steps, news]: [string[], News[]] = [[], []];
  let taken: string | null = null;
  made.watch({
    lost: () => void steps.push('lost'),
    release: async () => void steps.push(`release among ${made.members().length}`),
    async claim() {
      if (taken === made.view()) return;
      taken = made.view();
      steps.push(`claim among ${made.members().length}`);
    },
  });
  made.onNews((word) => news.push(word));
  onTestFinished(made.stop);
  await made.start();
  return { ...made, steps, news };
}
const settled = (hubs: readonly Hubs[]) =>
  until(() => hubs.every((one) => one.settled() && one.members().length === hubs.length), {
    what: `${hubs.length} hubs reckon with each other`,
  });
const guarded = (one: Hubs) => inTransaction(database.db, (trx) => one.guard(trx));

describe('hubs on one PostgreSQL', () => {
  test('let go before any of them takes, each time one comes or goes', async () => {
    const first = await hub('a');
    await until(() => first.steps.length === 2, { what: 'it takes everything' });
    const second = await hub('b');
    await settled([first, second]);
    await until(() => second.steps.length === 2 && first.steps.length === 4, { what: 'both have taken their share' });
    expect(first.steps).toEqual(['release among 1', 'claim among 1', 'release among 2', 'claim among 2']);
    expect(second.steps).toEqual(['release among 2', 'claim among 2']);
    expect(first.members().map(({ id }) => id)).toEqual(['a', 'b']);
    expect(second.view()).toBe(first.view());
    const probes = Array.from({ length: 200 }, (_, n) => `prb_${n}`);
    for (const probe of probes)
      expect([first, second].filter((one) => one.roleOf(probe, 1) === 'judge')).toHaveLength(1);
    expect(Math.abs(first.time() - second.time())).toBeLessThan(250);
    await second.stop();
    await settled([first]);
    expect(first.members()).toHaveLength(1);
  });

  test('tell each other, and not themselves', async () => {
    const [first, second] = [await hub('a'), await hub('b')];
    await settled([first, second]);
    await until(() => second.hears(), { what: 'it listens' });
    const projects = Array.from({ length: 120 }, (_, n) => `a-project-with-a-name-of-its-own-${n}`);
    first.tell({ kind: 'facts', projects });
    first.tell({ kind: 'look', refs: [{ project: 'veria', service: 'api' }] });
    const heard = () => second.news.flatMap((news) => (news.kind === 'facts' ? news.projects : []));
    await until(() => heard().length === 120 && second.news.some(({ kind }) => kind === 'look'), {
      what: 'all of it is heard',
    });
    expect(heard().sort()).toEqual(projects.sort());
    expect(first.news).toEqual([]);
  });

  test('go on when somebody else speaks on their channel', async () => {
    const [first, second] = [await hub('a'), await hub('b')];
    await settled([first, second]);
    await until(() => first.hears() && second.hears(), { what: 'both listen' });
    for (const word of ['', 'no JSON', 'null', '7', '[]', '{"from":"x"}', '{"from":"x","kind":"facts","projects":7}'])
      await sql`SELECT pg_notify('orrery_hubs', ${word})`.execute(database.db);
    first.tell({ kind: 'facts', projects: ['veria'] });
    await until(() => second.news.length > 0, { what: 'they still hear each other' });
    expect(second.news).toEqual([{ kind: 'facts', projects: ['veria'] }]);
  });

  test('say the same once, and more than a word holds in several', async () => {
    const [first, second] = [await hub('a'), await hub('b')];
    await settled([first, second]);
    await until(() => second.hears(), { what: 'it listens' });
    for (let i = 0; i < 1000; i++) first.tell({ kind: 'facts', projects: ['veria'] });
    const refs = Array.from({ length: 300 }, (_, n) => ({
      project: `p${n}`.padEnd(63, 'x'),
      service: `s${n}`.padEnd(63, 'x'),
      probe: `prb_${n}`.padEnd(28, '0'),
    }));
    first.tell({ kind: 'look', refs });
    const heard = () => second.news.flatMap((news) => (news.kind === 'look' ? news.refs : []));
    await until(() => heard().length === refs.length, { what: 'all of it is heard' });
    expect(heard()).toEqual(refs);
    expect(second.news.filter(({ kind }) => kind === 'facts').length).toBeLessThan(10);
  });

  test('one whose place was taken without its hearing of it takes it all the same', async () => {
    await sql`INSERT INTO hubs (id, fence, name, version, since, seen_at, expires_at, probes) VALUES ('a', 1, 'a', '0', 0, 0, 0, 0)`.execute(
      database.db,
    );
    const first = await hub('a');
    await until(() => first.mayAct() && first.settled(), { what: 'it acts' });
    expect(await guarded(first)).toBe(true);
  });

  test('one that was taken for dead writes nothing, drops what it had, and joins anew', async () => {
    const first = await hub('a');
    const second = await hub('b');
    await settled([first, second]);
    expect(await guarded(first)).toBe(true);
    await sql`DELETE FROM hubs WHERE id = 'a'`.execute(database.db);
    expect(await guarded(first)).toBe(false);
    await until(() => first.steps.includes('lost'), { what: 'it finds out' });
    await settled([first, second]);
    expect(await guarded(first)).toBe(true);
    expect(first.steps.filter((step) => step === 'lost')).toHaveLength(1);
    expect(second.steps).not.toContain('lost');
    await until(() => first.steps.at(-1) === 'claim among 2', { what: 'it takes its share again' });
  });

  test('one that cannot renew stops by itself before others may take over, unless it knows of no other', async () => {
    let late = 0;
    const slow: Clock = { now: systemClock.now, monotonic: () => systemClock.monotonic() + late };
    const first = await hub('a', slow);
    await until(() => first.mayAct(), { what: 'it acts' });
    late += 3000;
    expect(first.mayAct()).toBe(true);
    const second = await hub('b');
    await settled([first, second]);
    expect(first.mayAct()).toBe(true);
    late += 2600;
    expect(first.mayAct()).toBe(false);
    await until(() => first.mayAct(), { what: 'it has renewed' });
    expect(first.steps).not.toContain('lost');
  });
});

test("a lease by the database's clock is the same for hubs whose own clocks differ, and says how long it lasts", async () => {
  const { db } = database;
  expect(await takeLease(db, 'server', 'a', SERVER_TIME, 60_000)).toMatchObject({ fence: 1 });
  expect(await takeLease(db, 'server', 'b', SERVER_TIME, 60_000)).toBeUndefined();
  const left = await leaseLeft(db, 'server', SERVER_TIME);
  expect(left).toBeGreaterThan(50_000);
  expect(left).toBeLessThanOrEqual(60_000);
  expect(await leaseLeft(db, 'nobody', SERVER_TIME)).toBe(0);
});

test('votes are the newest of each hub, and old ones have no voice', async () => {
  const { db } = database;
  await castVote(db, 'p', { hub: 'a', status: 'down', reason: 'refused' });
  await castVote(db, 'p', { hub: 'a', status: 'up', reason: null });
  await castVote(db, 'p', { hub: 'b', status: 'down', reason: 'refused' });
  await castVote(db, 'p', { hub: 'gone', status: 'down', reason: null });
  const votes = await freshVotes(db, 'p', ['a', 'b'], 60_000);
  expect(votes.map(({ hub: by, status }) => `${by} ${status}`).sort()).toEqual(['a up', 'b down']);
  await sql`UPDATE probe_votes SET at = at - 61000 WHERE hub = 'b'`.execute(db);
  expect((await freshVotes(db, 'p', ['a', 'b'], 60_000)).map(({ hub: by }) => by)).toEqual(['a']);
  expect(await freshVotes(db, 'p', [], 60_000)).toEqual([]);
});
