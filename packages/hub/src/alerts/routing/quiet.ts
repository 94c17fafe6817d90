import type { QuietHours, Severity } from '@orrery/protocol';
import { instantOf, wallMidnight, wallTime } from './zone.ts';

const DAY = 86_400_000;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
/** Quiet hours that follow on each other without a gap would keep an alert back for ever. */
const LONGEST_MS = 7 * DAY;

/** What was found for the last moment: the alerts of one judgement ask for the same one. */
const lastAsked = new WeakMap<readonly QuietHours[], { now: number; ends: Map<Severity, number> }>();

/** When the quiet hours that last at `now` are over, epoch ms; `now` itself when none do. */
export function quietUntil(quiet: readonly QuietHours[], severity: Severity, now: number): number {
  if (quiet.length === 0) return now;
  const asked = lastAsked.get(quiet);
  const ends = asked?.now === now ? asked.ends : new Map<Severity, number>();
  const end = ends.get(severity) ?? endOfAll(quiet, severity, now);
  ends.set(severity, end);
  lastAsked.set(quiet, { now, ends });
  return end;
}

function endOfAll(quiet: readonly QuietHours[], severity: Severity, now: number): number {
  const meant = quiet.filter(({ except }) => !except.includes(severity));
  let at = now;
  // One night may end inside the next rest: a weekend that is quiet all day.
  for (let end = endOf(meant, at); end !== undefined && end - now < LONGEST_MS; end = endOf(meant, at)) at = end;
  return at;
}

function endOf(quiet: readonly QuietHours[], at: number): number | undefined {
  const ends = quiet.flatMap((hours) => endOfOne(hours, at) ?? []);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

function endOfOne({ from, to, timeZone, days }: QuietHours, at: number): number | undefined {
  const today = wallMidnight(wallTime(at, timeZone));
  for (const day of [today - DAY, today]) {
    const name = DAYS[new Date(day).getUTCDay()];
    if (days !== undefined && (name === undefined || !days.includes(name))) continue;
    const begin = instantOf(day + timeOfDay(from), timeZone, 'first');
    const end = instantOf((timeOfDay(to) <= timeOfDay(from) ? day + DAY : day) + timeOfDay(to), timeZone, 'last');
    if (begin <= at && at < end) return end;
  }
  return undefined;
}

function timeOfDay(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return (hours * 60 + minutes) * 60_000;
}
