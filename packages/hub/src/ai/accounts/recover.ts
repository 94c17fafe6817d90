import type { Db } from '../../platform/db.ts';
import type { Journal } from './journal.ts';
import { callRow, type KnownFacts } from './record.ts';
import type { AccountTables } from './tables.ts';

const AT_ONCE = 500;

/** The hubs that have calls under way, or had them when they died. */
export async function hubsWithCalls(db: Db): Promise<string[]> {
  const rows = await db.withTables<AccountTables>().selectFrom('ai_open').select('hub').distinct().execute();
  return rows.map(({ hub }) => hub);
}

/**
 * Settles the calls of hubs that have died: nobody knows how they ended, so they count what was set aside for them. Returns how many there were.
 */
export async function recover(db: Db, journal: Journal, dead: readonly string[], now: number): Promise<number> {
  if (dead.length === 0) return 0;
  let settled = 0;
  for (;;) {
    const left = await db
      .withTables<AccountTables>()
      .selectFrom('ai_open')
      .selectAll()
      .where('hub', 'in', dead)
      .orderBy('id')
      .limit(AT_ONCE)
      .execute();
    await Promise.all(
      left.map(({ id, at, facts, held, tokens, nano }) => {
        const amount = { requests: 1, tokens, nano };
        const row = {
          ...callRow(
            JSON.parse(facts) as KnownFacts,
            {
              outcome: 'cut',
              status: 0,
              latencyMs: Math.max(0, now - at),
              overheadMs: 0,
              failovers: [],
              decision: null,
              error: 'the hub ended while the call was under way; its cost is what was set aside for it',
            },
            { inputTokens: tokens, outputTokens: 0, estimated: true },
            { nano, source: 'estimate' },
          ),
        };
        const places = (JSON.parse(held) as [string, number][]).map(([counter, start]) => ({ counter, start }));
        return journal.settle(id, { row, places, held: amount, used: amount, wasOpen: true });
      }),
    );
    settled += left.length;
    if (left.length < AT_ONCE) return settled;
  }
}
