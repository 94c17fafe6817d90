import { sql } from 'kysely';
import type { Db } from '../../platform/db.ts';
import type { IntakeTables } from '../tables.ts';
import type { Vote } from './quorum.ts';

/** PostgreSQL's own time: votes of several hubs are compared by it alone. */
const NOW = sql<number>`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** Writes what a hub saw of a probe, in place of what it saw before. */
export async function castVote(db: Db, probe: string, vote: Vote): Promise<void> {
  await db
    .withTables<IntakeTables>()
    .insertInto('probe_votes')
    .values({ probe, ...vote, at: NOW })
    .onConflict((conflict) =>
      conflict.columns(['probe', 'hub']).doUpdateSet({ status: vote.status, reason: vote.reason, at: NOW }),
    )
    .execute();
}

/** What these hubs saw of a probe within the last `freshMs`, with how old that is. */
export async function freshVotes(
  db: Db,
  probe: string,
  hubs: readonly string[],
  freshMs: number,
): Promise<(Vote & { agoMs: number })[]> {
  if (hubs.length === 0) return [];
  const rows = await db
    .withTables<IntakeTables>()
    .selectFrom('probe_votes')
    .select(['hub', 'status', 'reason', sql<number>`(${NOW} - at)`.as('agoMs')])
    .where('probe', '=', probe)
    .where('hub', 'in', hubs)
    .where(sql<boolean>`${NOW} - at <= ${freshMs}`)
    .execute();
  return rows;
}
