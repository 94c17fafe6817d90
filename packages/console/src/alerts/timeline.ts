import type { Alert, OpsEvent } from '@orrery/protocol';
import { plural } from '../ui/format.ts';
import { SEVERITY_TONE, type Tone } from '../ui/state.ts';

export type Step = { at: string; text: string; tone: Tone; own: boolean };

/** What happened to the project this close to the alert's beginning or end may have to do with it. */
const NEAR_MS = 10 * 60_000;
const MOST_OTHERS = 12;

/** The alert's own steps and what else happened to its project around it, newest first. */
export function timeline(alert: Alert, events: readonly OpsEvent[]): Step[] {
  const own: Step[] = [{ at: alert.createdAt, text: 'Opened', tone: SEVERITY_TONE[alert.severity], own: true }];
  if (alert.acknowledgedAt)
    own.push({
      at: alert.acknowledgedAt,
      text: `Acknowledged by ${alert.acknowledgedBy ?? 'somebody'}`,
      tone: 'quiet',
      own: true,
    });
  if (alert.occurrences > 1 && alert.lastSeenAt !== alert.createdAt)
    own.push({
      at: alert.lastSeenAt,
      text: `Last observed, ${plural(alert.occurrences, 'time')} in all`,
      tone: SEVERITY_TONE[alert.severity],
      own: true,
    });
  if (alert.resolvedAt)
    own.push({
      at: alert.resolvedAt,
      text:
        alert.resolvedBy === 'recovery'
          ? 'Resolved: the reason is gone'
          : `Resolved by ${alert.resolvedBy ?? 'somebody'}`,
      tone: 'ok',
      own: true,
    });
  const edges = [alert.createdAt, alert.resolvedAt ?? alert.createdAt].map((at) => Date.parse(at));
  const others = events
    .filter((event) => event.project === alert.project && !event.type.startsWith('alert.'))
    .filter((event) => edges.some((edge) => Math.abs(Date.parse(event.at) - edge) <= NEAR_MS))
    .slice(0, MOST_OTHERS)
    .map((event): Step => ({ at: event.at, text: event.title, tone: 'none', own: false }));
  return [...own, ...others].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}
