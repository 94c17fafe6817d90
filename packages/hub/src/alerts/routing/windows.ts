import { type MaintenanceDeclaration, parseDuration } from '@orrery/protocol';
import { Cron } from 'croner';
import { instantOf, setBack, wallTime } from './zone.ts';

/** Epoch milliseconds. */
export type Window = { from: number; until: number };
/** Open now, or the next one, or none any more. */
export type Windows = { at(now: number): { window: Window | null; active: boolean } };

/** Why a cron expression cannot be used, in words; undefined when it can. */
export function cronProblem(text: string): string | undefined {
  try {
    if (new Cron(text, { timezone: 'UTC', mode: '5-part' }).nextRun() === null) return `"${text}" never comes`;
    return undefined;
  } catch (error) {
    return `"${text}" is no cron expression of five fields (${error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)})`;
  }
}

export function windowsOf(declared: MaintenanceDeclaration): Windows {
  if (!('cron' in declared)) {
    const window = { from: Date.parse(declared.from), until: Date.parse(declared.until) };
    return {
      at: (now) => (now < window.until ? { window, active: window.from <= now } : { window: null, active: false }),
    };
  }
  const lasts = parseDuration(declared.lasts) ?? 0;
  const slots = createSlots(declared.cron, declared.timeZone);
  const after = (now: number): Window | null => {
    const from = slots.after(now);
    return from === undefined ? null : { from, until: from + lasts };
  };
  // Asked for at every check of a probe: what is known of one moment holds until the window that it names begins or ends.
  let known: { since: number; until: number; window: Window | null; active: boolean } | undefined;
  return {
    at(now) {
      if (known && known.since <= now && now < known.until) return known;
      const begun = slots.upTo(now);
      const open = begun !== undefined && now < begun + lasts ? { from: begun, until: begun + lasts } : undefined;
      const next = after(now);
      // While one is open the next may begin already, and moves the end.
      const until = Math.min(open?.until ?? Number.POSITIVE_INFINITY, next?.from ?? Number.POSITIVE_INFINITY);
      const since = begun === undefined ? Number.NEGATIVE_INFINITY : open ? begun : begun + lasts;
      known = { since, until, window: open ?? next, active: open !== undefined };
      return known;
    },
  };
}

/**
 * The instants at which a calendar's times come. The expression is read on the clock on the wall, and each time that it names comes exactly
 * once: one that clocks jump over at the jump, one that they show twice at its first showing.
 */
export function createSlots(expression: string, timeZone: string) {
  // Read as UTC the expression yields times on the wall, without any zone; the zone is put on afterwards.
  const cron = new Cron(expression, { timezone: 'UTC', mode: '5-part' });
  return {
    /** The first one after `now`, epoch ms. */
    after(now: number): number | undefined {
      let slot = cron.nextRun(new Date(wallTime(now, timeZone)));
      while (slot) {
        const instant = instantOf(slot.getTime(), timeZone);
        if (instant > now) return instant;
        slot = cron.nextRun(slot);
      }
      return undefined;
    },
    /** The last one that is not after `now`, epoch ms. */
    upTo(now: number): number | undefined {
      const wall = wallTime(now, timeZone) + setBack(now, timeZone);
      let [slot] = cron.previousRuns(1, new Date(wall + 1000));
      while (slot) {
        const instant = instantOf(slot.getTime(), timeZone);
        if (instant <= now) return instant;
        [slot] = cron.previousRuns(1, slot);
      }
      return undefined;
    },
  };
}
