import { expect, it } from 'vitest';
import { eachDatabase } from '../../../../test/services/databases.ts';
import { catalogOn, staff } from './testing.ts';

const ALL_WELL = { capabilities: 'ok', health: 'ok', logs: 'ok', metrics: 'ok' };

eachDatabase((_name, open) => {
  it('takes up a file once when two hubs start on it at once', async () => {
    const { db } = await open();
    const first = await catalogOn(db);
    const second = await catalogOn(db);
    const file = ['a', 'b', 'c'].map(first.declare);
    await Promise.all([first.catalog.sync(file), second.catalog.sync(file)]);
    expect((await first.catalog.declarations()).map(({ slug }) => slug)).toEqual(['a', 'b', 'c']);
    const { items } = await first.events.recent(staff, { limit: 50 });
    expect(items.map(({ type, project }) => `${type} ${project}`).sort()).toEqual([
      'project.added a',
      'project.added b',
      'project.added c',
    ]);
    expect(await second.catalog.sync(file)).toEqual({ added: [], changed: [], removed: [] });
    expect((await first.catalog.sync(file.slice(1))).removed).toEqual(['a']);
  });

  it('stores one of two projects of the same name that are added at once, and knows it by its key until it is removed', async () => {
    const { catalog, base } = await catalogOn((await open()).db);
    const add = () => catalog.add(staff, { hubUrl: `${base}/plain`, slug: 'plain' }, { dryRun: false });
    const [one, two] = await Promise.allSettled([add(), add()]);
    const won = one.status === 'fulfilled' ? one : two;
    expect([one.status, two.status].sort()).toEqual(['fulfilled', 'rejected']);
    const key = won.status === 'fulfilled' ? (won.value.ingestKey ?? '') : '';
    expect(await catalog.projectByIngestKey(key)).toBe('plain');
    await catalog.remove(staff, 'plain');
    expect(await catalog.projectByIngestKey(key)).toBeUndefined();
  });

  it('verifies one project several times at once', async () => {
    const { catalog, declare, statuses } = await catalogOn((await open()).db);
    await catalog.sync([declare('plain')]);
    await Promise.all([1, 2, 3, 4].map(() => catalog.verify('plain')));
    expect(await statuses('plain')).toEqual(ALL_WELL);
  });

  it('keeps an odd manifest, and remembers who was seen whatever they say of themselves', async () => {
    const { catalog, declare, statuses } = await catalogOn((await open()).db, {
      project: 'odd',
      version: '1\u00002',
      endpoints: { 'nul\u0000': '/a', b: '/b\u0000', c: '/c' },
    });
    await catalog.sync(['odd', 'plain'].map(declare));
    await catalog.verify();
    expect(await statuses('odd')).toMatchObject({ capabilities: 'ok', c: 'error' });
    catalog.observe([
      { project: 'odd', at: 1_800_000_000_000, version: 'x\u0000y' },
      { project: 'plain', at: 1_800_000_000_000 },
    ]);
    await catalog.flushSightings();
    expect((await catalog.list(staff)).map(({ slug, version, lastSeenAt }) => [slug, version, lastSeenAt])).toEqual([
      ['odd', 'x y', '2027-01-15T08:00:00.000Z'],
      ['plain', undefined, '2027-01-15T08:00:00.000Z'],
    ]);
  });
});
