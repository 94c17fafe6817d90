import type { AlertNotification } from '@orrery/protocol';
import { time } from './message.ts';

const LATE_MS = 60_000;

/** What people must know of a notification that tells of the past: that it is late, and that the alert is over already. */
export function presentNotes({ at }: AlertNotification, resolvedAt: number | null, now: number): string[] {
  const over =
    resolvedAt === null
      ? []
      : [`It is over since ${time(new Date(resolvedAt).toISOString())}; this could not be told before.`];
  if (over.length > 0 || now - Date.parse(at) < LATE_MS) return over;
  return [`This is late: it happened at ${time(at)} and could not be told before.`];
}
