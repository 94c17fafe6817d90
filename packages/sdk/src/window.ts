import { DDSketch } from '@datadog/sketches-js';

/** The window that every request and query figure covers: the last 50 to 60 seconds, in six slots of ten. */
const SLOT_MS = 10_000;
const SLOTS = 6;
const WINDOW_MS = SLOT_MS * SLOTS;
/** Two more are kept than a window has: a report that is a little late still finds all that it has not told. */
const KEPT = SLOTS + 2;
const MAX_MS = 86_400_000;

type Slot = Totals & { epoch: number };
export type Totals = {
  count: number;
  errors: number;
  refusals: number;
  units: number;
  sketch: DDSketch;
  /** Those of `sketch` that failed; there is none where none did. */
  failures?: DDSketch;
};

/** Complete slots, first and last: what one report covers. */
export type Span = { first: number; last: number };

/** Counts and a latency sketch (1 % relative accuracy) over the rolling window. Times come from one monotonic clock, in ms. */
export class RollingSeries {
  readonly #slots: (Slot | undefined)[] = new Array(KEPT);
  #latest: Slot | undefined;
  lastAt = 0;

  record(now: number, durationMs: number, outcome: 'ok' | 'refused' | 'failed', units: number): void {
    const epoch = Math.floor(now / SLOT_MS);
    let slot = this.#latest;
    if (!slot || slot.epoch !== epoch) {
      slot = { epoch, count: 0, errors: 0, refusals: 0, units: 0, sketch: new DDSketch() };
      this.#slots[epoch % KEPT] = slot;
      this.#latest = slot;
    }
    this.lastAt = now;
    slot.count++;
    const value = durationMs > 0 ? Math.min(durationMs, MAX_MS) : 0;
    slot.units += units;
    slot.sketch.accept(value);
    if (outcome === 'failed') {
      slot.errors++;
      slot.failures ??= new DDSketch();
      slot.failures.accept(value);
    } else if (outcome === 'refused') slot.refusals++;
  }

  read(now: number): Totals {
    const last = Math.floor(now / SLOT_MS);
    return this.between({ first: last - SLOTS + 1, last });
  }

  /** What these slots hold, as far as they are kept. */
  between({ first, last }: Span): Totals {
    const totals: Totals = { count: 0, errors: 0, refusals: 0, units: 0, sketch: new DDSketch() };
    for (const slot of this.#slots) {
      if (!slot || slot.epoch < first || slot.epoch > last) continue;
      totals.count += slot.count;
      totals.errors += slot.errors;
      totals.refusals += slot.refusals;
      totals.units += slot.units;
      totals.sketch.merge(slot.sketch);
      if (slot.failures) {
        totals.failures ??= new DDSketch();
        totals.failures.merge(slot.failures);
      }
    }
    return totals;
  }
}

/** At most `limit` named series; a name beyond it counts under `(other)`. Names idle for a whole window make room. */
export class SeriesSet {
  readonly #byName = new Map<string, RollingSeries>();
  readonly #other = new RollingSeries();
  readonly #limit: number;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#byName.size + (this.#other.lastAt > 0 ? 1 : 0);
  }

  at(name: string, now: number): RollingSeries {
    const known = this.#byName.get(name);
    if (known) return known;
    if (this.#byName.size >= this.#limit && !this.#makeRoom(now)) return this.#other;
    const series = new RollingSeries();
    this.#byName.set(name, series);
    return series;
  }

  *entries(): IterableIterator<[string, RollingSeries]> {
    yield* this.#byName;
    if (this.#other.lastAt > 0) yield ['(other)', this.#other];
  }

  /** At most once per slot, so that a flood of new names stays cheap. */
  #makeRoom(now: number): boolean {
    if (now - this.#sweptAt < SLOT_MS) return false;
    this.#sweptAt = now;
    for (const [name, series] of this.#byName) if (now - series.lastAt > WINDOW_MS) this.#byName.delete(name);
    return this.#byName.size < this.#limit;
  }
}

/** The slots that are complete since `after` (the last one told of): undefined while there is none. */
export function completeSince(after: number | undefined, now: number): Span | undefined {
  const last = Math.floor(now / SLOT_MS) - 1;
  const first = Math.max((after ?? Number.NEGATIVE_INFINITY) + 1, last - KEPT + 2);
  return first > last ? undefined : { first, last };
}

export const lengthOf = ({ first, last }: Span): number => (last - first + 1) * SLOT_MS;

/** A quantile in ms, rounded to a microsecond; undefined when nothing was measured. */
export function quantile(sketch: DDSketch, q: number): number | undefined {
  return sketch.count === 0 ? undefined : Math.round(sketch.getValueAtQuantile(q) * 1000) / 1000;
}
