import { AlertMatch } from '@orrery/protocol';
import type { Db } from '../../platform/db.ts';
import type { RoutingTables, SilenceRow } from '../routing/tables.ts';

export type ActiveSilence = { row: SilenceRow; match: AlertMatch };

/** The silences that hold at `now`, epoch ms; the one that lasts longest first. */
export async function activeSilences(db: Db, now: number): Promise<ActiveSilence[]> {
  const rows = await db
    .withTables<RoutingTables>()
    .selectFrom('silences')
    .selectAll()
    .where('until_at', '>', now)
    .where('from_at', '<=', now)
    .orderBy('until_at', 'desc')
    .execute();
  return rows.map((row) => ({ row, match: AlertMatch.parse(JSON.parse(row.match)) }));
}
