import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, temporaryDatabase } from '../platform/testing.ts';
import { createPicture } from './picture.ts';
import type { CatalogTables } from './tables.ts';
import type { ProjectFacts } from './views.ts';

let database: Awaited<ReturnType<typeof temporaryDatabase>>;
let facts: Map<string, ProjectFacts>;
let asked: string[][];
let now: number;
let fail: boolean;
let picture: ReturnType<typeof createPicture>;

const row = (slug: string) => ({
  ...{ slug, name: slug, tenant: null, declaration: '{}', api_key_sealed: null, ingest_key_hash: null },
  ...{ declared_source: 'api' as const, declared_ref: null, first_seen_at: null, last_seen_at: null },
  ...{ version: null, capabilities: null, created_at: 1, updated_at: 1 },
});
const add = (...slugs: string[]) =>
  database.db.withTables<CatalogTables>().insertInto('projects').values(slugs.map(row)).execute();
const latest = async () =>
  Object.fromEntries(
    (await picture.look()).entries.map(({ row: { slug }, facts: { latest: found } }) => [slug, found.x]),
  );

beforeEach(async () => {
  database = await temporaryDatabase();
  facts = new Map();
  asked = [];
  now = 0;
  fail = false;
  picture = createPicture({
    db: database.db,
    clock: { now: () => now, monotonic: () => now },
    log: silentLog,
    async facts(slugs) {
      if (fail) throw new Error('the database is away');
      asked.push([...slugs]);
      return new Map(facts);
    },
  });
  await add('a', 'b');
});
afterEach(() => database.close());
const know = (slug: string, x: number) => facts.set(slug, { probes: [], latest: { x } });

describe('what the graph is drawn from', () => {
  it('is read whole once, and then only of what something was heard of', async () => {
    know('a', 1);
    expect(await latest()).toEqual({ a: 1, b: undefined });
    know('b', 2);
    know('a', 3);
    picture.touch(['b']);
    expect(await latest()).toEqual({ a: 1, b: 2 });
    await latest();
    expect(asked).toEqual([['a', 'b'], ['b']]);
  });

  it('knows of projects that came and went, as soon as it is told so', async () => {
    await latest();
    await database.db.withTables<CatalogTables>().deleteFrom('projects').where('slug', '=', 'a').execute();
    await add('c');
    picture.touch();
    expect(await latest()).toEqual({ b: undefined, c: undefined });
    await database.db.withTables<CatalogTables>().deleteFrom('projects').where('slug', '=', 'c').execute();
    picture.touch(['c']);
    expect(await latest()).toEqual({ b: undefined });
  });

  it('finds what nobody told of after some seconds, and keeps nobody waiting for it', async () => {
    know('a', 1);
    await latest();
    know('a', 2);
    now = 6000;
    expect(await latest()).toEqual({ a: 1, b: undefined });
    await expect.poll(latest).toEqual({ a: 2, b: undefined });
    know('a', 3);
    now = 60_000;
    expect(await latest()).toEqual({ a: 3, b: undefined });
  });

  it('forgets nothing that it could not read', async () => {
    await latest();
    know('a', 5);
    picture.touch(['a']);
    fail = true;
    await expect(latest()).rejects.toThrow('away');
    fail = false;
    expect(await latest()).toEqual({ a: 5, b: undefined });
  });
});
