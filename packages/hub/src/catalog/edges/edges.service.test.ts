import { ProjectDeclaration } from '@orrery/protocol';
import { expect, it } from 'vitest';
import { eachDatabase } from '../../../../../test/services/databases.ts';
import { inTransaction } from '../../platform/db.ts';
import { catalogOn, staff } from '../testing.ts';
import { MAX_EDGES_PER_PROJECT } from './edges.ts';

const hint = (to: string, strength = 0.5, at = Date.now(), kind = 'api') => ({ to, kind, strength, proof: {}, at });

eachDatabase((_name, open) => {
  it('keeps one edge of what is reported many times, and one event of it', async () => {
    const { db } = await open();
    const { catalog, declare } = await catalogOn(db);
    await catalog.sync(['a', 'b'].map(declare));
    const at = Date.now();
    const take = (hints: ReturnType<typeof hint>[]) =>
      inTransaction(db, (trx) => catalog.takeEdges(trx, 'a', { hints, calls: [] }));
    const first = await take([hint('b', 0.2, at - 2000), hint('b', 0.9, at - 1000), hint('b', 0.4, at - 3000)]);
    expect(first.events).toMatchObject([{ type: 'integration.edge', project: 'a' }]);
    expect((await take([hint('b', 0.6, at)])).events).toEqual([]);
    const { edges } = await catalog.graph(staff);
    expect(edges).toMatchObject([{ id: 'a:b:api', sources: ['hint'], lastProofAt: new Date(at).toISOString() }]);
    expect(edges[0]?.strength).toBeCloseTo(0.6, 2);
  });

  it('is bounded for one that reports 100,000 edges, counts what it refuses, and leaves room for the others', async () => {
    const { db } = await open();
    const { catalog, declare } = await catalogOn(db);
    await catalog.sync(['a', 'b', 'c'].map(declare));
    let refused = 0;
    for (let from = 0; from < 100_000; from += 5000) {
      const hints = Array.from({ length: 5000 }, (_, i) => hint(`x${from + i}`));
      const taken = await inTransaction(db, (trx) => catalog.takeEdges(trx, 'a', { hints, calls: [] }));
      refused += taken.refused.edge_limit ?? 0;
    }
    expect(refused).toBe(100_000 - MAX_EDGES_PER_PROJECT);
    await inTransaction(db, (trx) => catalog.takeEdges(trx, 'b', { hints: [hint('c'), hint('b')], calls: [] }));
    expect((await catalog.graph(staff)).edges.map(({ id }) => id)).toEqual(['b:c:api']);
  });

  it('learns from calls whose host is a project, and forgets what nothing proves any more', async () => {
    const { db } = await open();
    const { catalog, declare, base } = await catalogOn(db);
    const b = { declaration: ProjectDeclaration.parse({ slug: 'b', name: 'b', hubUrl: 'http://b.test' }), ref: 'f:2' };
    await catalog.sync([declare('a'), b]);
    await catalog.declarations();
    const at = Date.now();
    const call = { calls: 99, failed: 1, windowMs: 3_600_000, at };
    const calls = [
      { ...call, host: 'b.test:80' },
      { ...call, host: 'elsewhere:443' },
      { ...call, host: new URL(base).host },
    ];
    const taken = await inTransaction(db, (trx) => catalog.takeEdges(trx, 'a', { hints: [], calls }));
    // Its own host is no edge.
    expect(taken.refused).toEqual({ edge_to_itself: 1 });
    const [edge] = (await catalog.graph(staff)).edges;
    expect(edge).toMatchObject({ id: 'a:b:api', sources: ['learned'], calls: 99, proof: { hosts: ['b.test:80'] } });
    expect(edge?.strength).toBeCloseTo(0.5, 2);
    await inTransaction(db, (trx) =>
      catalog.takeEdges(trx, 'b', { hints: [hint('a', 1, at - 30 * 86_400_000)], calls: [] }),
    );
    await catalog.expireEdges();
    expect(await db.withTables<{ edges: object }>().selectFrom('edges').selectAll().execute()).toHaveLength(1);
    await catalog.sync([b]);
    expect(await db.withTables<{ edges: object }>().selectFrom('edges').selectAll().execute()).toEqual([]);
  });

  it('says who is hit when a project fails, and nothing of it to those who do not see the project', async () => {
    const { db } = await open();
    const { catalog, declare } = await catalogOn(db);
    await catalog.sync(['a', 'b', 'c'].map(declare));
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'c'],
    ] as const)
      await inTransaction(db, (trx) => catalog.takeEdges(trx, from, { hints: [hint(to, 0.5)], calls: [] }));
    const { hit } = await catalog.blast(staff, 'c');
    expect(hit.map(({ slug, via }) => [slug, via])).toEqual([
      ['b', ['c', 'b']],
      ['a', ['c', 'b', 'a']],
    ]);
    const some = { ...staff, projects: ['a', 'c'] };
    expect((await catalog.blast(some, 'c')).hit).toEqual([]);
    await expect(catalog.blast(some, 'b')).rejects.toMatchObject({ code: 'not_found' });
  });
});
