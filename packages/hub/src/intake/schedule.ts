import type { Clock } from '../platform/clock.ts';
import { type Probe, phaseOf } from './compile.ts';

/** The first check of a probe with a long interval comes this soon after a start. */
const FIRST_WITHIN_MS = 2000;
const TICK_MS = 250;
/** The hub itself stood still for this long (suspended, or too busy): what failed meanwhile proves nothing. */
const STANDSTILL_MS = 2000;
const KEPT_STANDSTILLS = 8;

type Entry = {
  probe: Probe;
  timer: NodeJS.Timeout | undefined;
  /** One more run in between. */
  again: NodeJS.Timeout | undefined;
  /** When the run that comes next was to begin, monotonic ms; a run that nobody planned has none. */
  due: number | undefined;
  running: Promise<void> | undefined;
  gone: boolean;
};

/** How long a probe waits for its first check after a start, ms. */
export const firstWait = (probe: Probe): number => phaseOf(probe) * Math.min(probe.everyMs, FIRST_WITHIN_MS);

/**
 * Runs every probe at its own pace on monotonic time. Each has a fixed place in its interval, so that load is spread and a restart changes
 * nothing; what was missed is not made up for. A probe never overlaps itself, and a slow one holds nobody up.
 */
export function createSchedule(options: {
  clock: Clock;
  maxRunning: number;
  /** The time that places in intervals are counted in, ms: one that all hubs share, or this hub's own. */
  time(): number;
  /** Runs one check and records it; must not reject. */
  run(probe: Probe): Promise<void>;
  /** Told of every planned run how late it began, ms. */
  onLag?(ms: number): void;
}) {
  const { clock } = options;
  const entries = new Map<string, Entry>();
  const waiting: Entry[] = [];
  let running = 0;
  let skipped = 0;
  let started = false;
  let tick: NodeJS.Timeout | undefined;
  let tickedAt = 0;
  let standstills: { from: number; to: number }[] = [];

  function notice(): void {
    if (!started) return;
    const now = clock.monotonic();
    if (now - tickedAt > 2 * TICK_MS)
      standstills = [...standstills, { from: tickedAt, to: now }].slice(-KEPT_STANDSTILLS);
    tickedAt = now;
  }

  function arm(entry: Entry, after: number): void {
    const { everyMs } = entry.probe;
    const now = clock.monotonic();
    // What is counted in the shared time is waited for in one's own.
    const offset = phaseOf(entry.probe) * everyMs - (options.time() - now);
    const slot = Math.floor((after - offset) / everyMs) + 1;
    const wait = offset + slot * everyMs - now;
    entry.timer = setTimeout(
      () => {
        // A timer may be a little early, and the shared time moves a little: the same place must not come twice.
        arm(entry, clock.monotonic() + everyMs / 4);
        fire(entry, now + wait);
      },
      Math.max(wait, 1),
    );
  }

  /** Begins with a probe; its first check comes after `wait` ms, the next at its place in the interval. */
  function enter(probe: Probe, wait = firstWait(probe)): void {
    const entry = entries.get(probe.id) ?? {
      probe,
      timer: undefined,
      again: undefined,
      due: undefined,
      running: undefined,
      gone: false,
    };
    entries.set(probe.id, entry);
    clearTimeout(entry.timer);
    clearTimeout(entry.again);
    entry.again = undefined;
    entry.probe = probe;
    entry.timer = setTimeout(() => {
      arm(entry, clock.monotonic() + probe.everyMs / 2);
      fire(entry);
    }, wait);
  }

  function leave(entry: Entry): void {
    entry.gone = true;
    clearTimeout(entry.timer);
    clearTimeout(entry.again);
    entries.delete(entry.probe.id);
  }

  function fire(entry: Entry, due?: number): void {
    const isBusy = entry.running !== undefined || waiting.includes(entry);
    if (!isBusy) entry.due = due;
    if (isBusy) skipped += 1;
    else if (running >= options.maxRunning) waiting.push(entry);
    else begin(entry);
  }

  function begin(entry: Entry): Promise<void> {
    const place = waiting.indexOf(entry);
    if (place !== -1) waiting.splice(place, 1);
    running += 1;
    if (entry.due !== undefined) options.onLag?.(Math.max(0, clock.monotonic() - entry.due));
    entry.due = undefined;
    const done = options.run(entry.probe).finally(() => {
      running -= 1;
      entry.running = undefined;
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        if (next.gone) continue;
        void begin(next);
        break;
      }
    });
    entry.running = done;
    return done;
  }

  return {
    start(): void {
      if (started) return;
      started = true;
      tickedAt = clock.monotonic();
      tick = setInterval(notice, TICK_MS).unref();
    },
    enter,

    /** Ends with these probes; resolves when the runs that are under way have ended. */
    async leave(ids: Iterable<string>): Promise<void> {
      const under: Promise<void>[] = [];
      for (const id of ids) {
        const entry = entries.get(id);
        if (!entry) continue;
        if (entry.running) under.push(entry.running);
        leave(entry);
      }
      await Promise.all(under);
    },

    /** Takes up changed declarations: an unchanged probe keeps its pace. */
    replace(probes: readonly Probe[]): void {
      if (!started) return;
      const wanted = new Map(probes.map((probe) => [probe.id, probe]));
      for (const entry of [...entries.values()]) if (!wanted.has(entry.probe.id)) leave(entry);
      for (const probe of probes) {
        const entry = entries.get(probe.id);
        if (entry?.probe.declaration === probe.declaration) entry.probe = probe;
        else enter(probe);
      }
    },

    /** Runs a probe now; a run that is under way is waited for and, unless `afresh`, counts as this one. */
    async runNow(id: string, { afresh }: { afresh: boolean }): Promise<void> {
      const entry = entries.get(id);
      if (!entry) return;
      const under = entry.running;
      await under;
      if (under === undefined || (afresh && !entry.gone)) await (entry.running ?? begin(entry));
    },

    /** Runs a probe once more in `wait` ms, unless it runs then or the hub has its hands full; its place in the interval stays. */
    again(id: string, wait: number): void {
      const entry = entries.get(id);
      if (!entry || entry.again !== undefined) return;
      entry.again = setTimeout(() => {
        entry.again = undefined;
        if (!entry.running && running < options.maxRunning) void begin(entry);
      }, wait);
    },

    /** The hub's own standstill since `from` (monotonic ms) that outlasted a check's timeout, if there was one. */
    standstillSince(from: number, timeoutMs: number): { from: number; to: number } | undefined {
      notice();
      const longest = Math.min(STANDSTILL_MS, timeoutMs) + TICK_MS;
      return standstills.findLast((one) => one.to >= from && one.to - one.from > longest);
    },

    /** Runs that did not happen because the one before had not ended. */
    skipped: () => skipped,

    async stop(): Promise<void> {
      started = false;
      clearInterval(tick);
      const under = [...entries.values()].flatMap((entry) => entry.running ?? []);
      for (const entry of [...entries.values()]) leave(entry);
      waiting.length = 0;
      await Promise.all(under);
    },
  };
}
