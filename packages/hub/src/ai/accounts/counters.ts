import type { Db, DbKind } from '../../platform/db.ts';
import { rowWriter } from '../../platform/rows.ts';
import type { Amount, Applied, Counter } from './limits.ts';
import type { CounterRow } from './tables.ts';

export type Place = Pick<Applied, 'counter' | 'start'>;
/** The counters that one transaction works on. */
export type Books = {
  of(place: Place): Counter;
  /** Adds to what is used and what is held. */
  add(place: Place, change: { used?: Amount; held?: Amount; refused?: number }): void;
  /** Writes what was changed; inside the same transaction. */
  write(): Promise<void>;
};
export type Counters = {
  open(trx: Db, places: readonly Place[]): Promise<Books>;
  /** After a transaction that did not commit: what is known of these may be wrong. */
  forget(places: readonly Place[]): void;
};

const COLUMNS = [
  'counter',
  'start_at',
  'used_requests',
  'used_tokens',
  'used_nano',
  'held_requests',
  'held_tokens',
  'held_nano',
  'refused',
] as const;
const AMOUNTS = COLUMNS.slice(2).map((column) => `${column} = excluded.${column}`);
const KEPT = 5000;

const nameOf = ({ counter, start }: Place): string => `${start} ${counter}`;
const rowOf = ({ counter, start }: Place, { used, held, refused }: Counter): CounterRow => ({
  counter,
  start_at: start,
  used_requests: used.requests,
  used_tokens: used.tokens,
  used_nano: used.nano,
  held_requests: held.requests,
  held_tokens: held.tokens,
  held_nano: held.nano,
  refused,
});
const nothing = (): Amount => ({ requests: 0, tokens: 0, nano: 0 });

/**
 * What was used and is held of each budget. Where hubs share a database each transaction locks the counters that it works on, in one
 * order; a hub that is alone on its database knows them by heart and only writes, with the rows of the calls, in one commit.
 */
export function createCounters(kind: DbKind): Counters {
  // The row is locked whether it was there or not, and given back as it is.
  const lock = rowWriter(
    kind,
    'ai_counters',
    COLUMNS,
    'ON CONFLICT (counter, start_at) DO UPDATE SET counter = excluded.counter RETURNING *',
  );
  const write = rowWriter(
    kind,
    'ai_counters',
    COLUMNS,
    `ON CONFLICT (counter, start_at) DO UPDATE SET ${AMOUNTS.join(', ')}`,
  );
  const byHeart = kind === 'sqlite' ? new Map<string, Counter>() : undefined;

  return {
    async open(trx, places) {
      const wanted = new Map(places.map((place) => [nameOf(place), place]));
      const states = new Map<string, Counter>();
      const unknown: Place[] = [];
      for (const [name, place] of wanted) {
        const known = byHeart?.get(name);
        if (known) states.set(name, known);
        else unknown.push(place);
      }
      // One order for all hubs: two that wait for each other would wait for ever.
      unknown.sort((a, b) => a.start - b.start || (a.counter < b.counter ? -1 : 1));
      const empty = unknown.map((place) => rowOf(place, { used: nothing(), held: nothing(), refused: 0 }));
      for (const row of await lock<CounterRow>(trx, empty)) {
        const state = {
          used: { requests: row.used_requests, tokens: row.used_tokens, nano: row.used_nano },
          held: { requests: row.held_requests, tokens: row.held_tokens, nano: row.held_nano },
          refused: row.refused,
        };
        const name = nameOf({ counter: row.counter, start: row.start_at });
        states.set(name, state);
        if (byHeart) {
          // What is forgotten is read again: it was written with each change.
          if (byHeart.size >= KEPT) byHeart.clear();
          byHeart.set(name, state);
        }
      }
      const changed = new Map<string, Place>();
      const of = (place: Place): Counter => {
        const state = states.get(nameOf(place));
        if (!state) throw new Error(`the counter ${place.counter} was not opened`);
        return state;
      };
      return {
        of,
        add(place, { used, held, refused }) {
          const state = of(place);
          if (used) addTo(state.used, used);
          if (held) addTo(state.held, held);
          state.refused += refused ?? 0;
          changed.set(nameOf(place), place);
        },
        async write() {
          await write(
            trx,
            [...changed.values()].map((place) => rowOf(place, of(place))),
          );
        },
      };
    },
    forget(places) {
      for (const place of places) byHeart?.delete(nameOf(place));
    },
  };
}

function addTo(amount: Amount, more: Amount): void {
  amount.requests += more.requests;
  amount.tokens += more.tokens;
  amount.nano += more.nano;
}
