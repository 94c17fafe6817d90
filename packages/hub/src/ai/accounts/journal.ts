import type { Db, DbKind } from '../../platform/db.ts';
import { inTransactionAside } from '../../platform/db.ts';
import type { Kafka } from '../../platform/kafka.ts';
import { isOutage } from '../../platform/outage.ts';
import { rowTaker, rowWriter } from '../../platform/rows.ts';
import { createTogether } from '../../platform/together.ts';
import type { Counters, Place } from './counters.ts';
import { type Amount, type Applied, type Budget, judge } from './limits.ts';
import type { KnownFacts } from './record.ts';
import type { CallRow, OpenRow } from './tables.ts';
import { auditRecord } from './view.ts';

export const AUDIT_TOPIC = 'ai-orchestrator-audit';

/** A call that asks to be let in: what it would use, in all and at a local model alone, and the budgets that it is counted on. */
export type Wish = {
  facts: KnownFacts;
  applied: readonly Applied[];
  size: Amount;
  local?: Amount | undefined;
  /** The row of a call that is refused. */
  refused(why: { budget: Budget; what: keyof Amount }): CallRow;
};
export type Granted =
  | { kind: 'granted'; localOnly: boolean; held: Amount }
  | { kind: 'over'; budget: Budget; what: keyof Amount; end: number };
/** A call that has ended: its row, what it used, and what was held for it. */
export type Settlement = {
  row: CallRow;
  places: readonly Place[];
  held: Amount;
  used: Amount;
  /** Whether the call had been let in, and so has a row to be taken out. */
  wasOpen: boolean;
};

type Item = { wish: Wish } | { settlement: Settlement; extra?: ((trx: Db) => Promise<void>) | undefined };
type Result = Granted | { kind: 'settled' } | { kind: 'known' };

/** What one commit takes in; those who wait beyond that join the next. */
const MOST = 128;

const OPEN_COLUMNS = [
  'id',
  'hub',
  'at',
  'facts',
  'held',
  'tokens',
  'nano',
] as const satisfies readonly (keyof OpenRow)[];
const CALL_COLUMNS = [
  'id', 'at', 'tenant', 'project', 'key_id', 'end_user', 'caller_kind', 'caller_id', 'caller_name', 'intent', 'protocol', 'stream',
  'model_asked', 'provider', 'model', 'provider_key', 'input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens',
  'reasoning_tokens', 'estimated', 'cost_nano', 'price_source', 'latency_ms', 'first_token_ms', 'overhead_us', 'outcome', 'status',
  'failovers', 'cached', 'error', 'decision',
] as const satisfies readonly (keyof CallRow)[]; // biome-ignore format: one line reads as the row it is

export type Journal = {
  ask(key: string, wish: Wish): Promise<Granted>;
  /** Writes the row of an ended call once: one that somebody else has settled meanwhile stays as it is. */
  settle(key: string, settlement: Settlement, extra?: (trx: Db) => Promise<void>): Promise<void>;
};

/**
 * The one writer of the ledger. What comes in at once is committed together: the intents of calls with what is set aside for them, and the
 * rows of those that have ended. Each commit is on disk before anybody is answered.
 */
export function createJournal(deps: { db: Db; kind: DbKind; hub: string; counters: Counters; kafka: Kafka }): Journal {
  const { db, kind, hub, counters, kafka } = deps;
  const writeOpen = rowWriter(kind, 'ai_open', OPEN_COLUMNS);
  const takeOpen = rowTaker(kind, 'ai_open', 'id');
  const writeCalls = rowWriter(kind, 'ai_calls', CALL_COLUMNS, 'ON CONFLICT (id) DO NOTHING');

  async function run(items: readonly Item[]): Promise<Result[]> {
    const settlements = items.flatMap((item) => ('settlement' in item ? [item.settlement] : []));
    const places = items.flatMap((item) => ('wish' in item ? item.wish.applied : item.settlement.places));
    let attempts = 0;
    try {
      return await inTransactionAside(db, async (trx) => {
        // What a lost attempt has counted was not written.
        if (attempts++ > 0) counters.forget(places);
        const books = await counters.open(trx, places);
        const closed = await takeOpen(
          trx,
          settlements.map(({ row }) => row.id),
        );
        const rows: CallRow[] = [];
        const opened: OpenRow[] = [];
        const results: Result[] = [];
        for (const item of items) {
          if ('wish' in item) {
            const granted = grant(item.wish, books);
            results.push(granted);
            if (granted.kind === 'over') rows.push(item.wish.refused(granted));
            else opened.push(openRow(item.wish, granted.held));
            continue;
          }
          const { row, places: own, held, used, wasOpen } = item.settlement;
          // A call that is not open any more was settled by another.
          const isNew = !wasOpen || closed.delete(row.id);
          results.push({ kind: isNew ? 'settled' : 'known' });
          if (!isNew) continue;
          rows.push(row);
          for (const place of own) books.add(place, { used, held: minus(held) });
          await item.extra?.(trx);
        }
        await writeOpen(trx, opened);
        await writeCalls(trx, rows);
        await books.write();
        if (kafka.enabled && rows.length > 0)
          await kafka.hand(
            trx,
            rows.map((row) => ({
              topic: AUDIT_TOPIC,
              key: row.tenant ?? row.id,
              value: JSON.stringify(auditRecord(row)),
            })),
          );
        return results;
      });
    } catch (error) {
      counters.forget(places);
      throw error;
    }
  }

  function grant({ applied, size, local }: Wish, books: Awaited<ReturnType<Counters['open']>>): Granted {
    const judged = judge(
      applied.map((one) => ({ ...one, state: books.of(one) })),
      size,
      local,
    );
    if (judged.kind === 'over') {
      for (const place of applied) if (place.budget === judged.budget) books.add(place, { refused: 1 });
      return judged;
    }
    const held = judged.kind === 'local' ? (local ?? size) : size;
    for (const place of applied) books.add(place, { held });
    return { kind: 'granted', localOnly: judged.kind === 'local', held };
  }

  const openRow = ({ facts, applied }: Wish, held: Amount): OpenRow => ({
    id: facts.id,
    hub,
    at: facts.at,
    facts: JSON.stringify(facts),
    held: JSON.stringify(applied.map(({ counter, start }) => [counter, start])),
    tokens: held.tokens,
    nano: held.nano,
  });

  // Each of them comes here again, and most soon: a commit waits a moment for what else there is to write. One that is alone never waits.
  const underWay = new Set<string>();
  const together = createTogether<Item, Result>({
    run,
    expected: () => underWay.size,
    weight: () => 1,
    most: MOST,
    perKey: 20_000,
    inAll: 50_000,
    isShared: isOutage,
  });

  return {
    async ask(key, wish) {
      const { id } = wish.facts;
      underWay.add(id);
      let granted: Granted | undefined;
      try {
        granted = (await together.add(key, { wish })) as Granted;
        return granted;
      } finally {
        if (granted?.kind !== 'granted') underWay.delete(id);
      }
    },
    async settle(key, settlement, extra) {
      try {
        await together.add(key, { settlement, extra });
      } finally {
        underWay.delete(settlement.row.id);
      }
    },
  };
}

const minus = ({ requests, tokens, nano }: Amount): Amount => ({ requests: -requests, tokens: -tokens, nano: -nano });
