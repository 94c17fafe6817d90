import { CompiledQuery } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteForTest } from '../../../../test/services/databases.ts';
import { heldQuery, recoveredQuery } from './store.ts';

const database = await openSqliteForTest();
afterAll(database.dispose);

/** How SQLite would find the rows of a query. */
async function way(query: { compile(): CompiledQuery }): Promise<string[]> {
  const { sql: text, parameters } = query.compile();
  const plan = CompiledQuery.raw(`EXPLAIN QUERY PLAN ${text}`, [...parameters]);
  return (await database.db.executeQuery<{ detail: string }>(plan)).rows.map(({ detail }) => detail);
}

describe('what every judgement looks up', () => {
  it('reads the alerts that live, not those that are over and kept for a year', async () => {
    expect(await way(heldQuery(database.db, ['veria', 'performia']))).toEqual([
      expect.stringContaining('USING INDEX alerts_held'),
    ]);
  });

  it('finds what has recovered just now by its finding', async () => {
    expect(await way(recoveredQuery(database.db, ['fp-1', 'fp-2'], 1))).toEqual([
      expect.stringMatching(/USING INDEX alerts_by_finding \(fingerprint=\? AND resolved_at>\?\)/),
    ]);
  });
});
