import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { AlertContext } from '../context.ts';
import { activeSilences } from '../silences/active.ts';
import type { AlertRow, DeliveryRow, NotificationType } from '../tables.ts';
import { matches } from './match.ts';

/** Why nobody is told of an alert now. `by` is a silence's id or `maintenance:<name>`. */
export type Hold = { by: string; reason: string };
export type HoldOf = (
  alert: Pick<AlertRow, 'project' | 'service' | 'severity' | 'category' | 'title'>,
) => Hold | undefined;

/** Reads which silences and which maintenance hold at `now`, once, for any number of alerts. */
export async function loadHolds({ routes, maintenance }: AlertContext, db: Db, now: number): Promise<HoldOf> {
  const silences = await activeSilences(db, now);
  await maintenance.refresh(db);
  const active = maintenance.active(now);
  if (silences.length === 0 && active.length === 0) return () => undefined;
  return (alert) => {
    const words = routes.words(alert.project);
    const silence = silences.find(({ match }) => matches(match, alert, words))?.row;
    if (silence)
      return {
        by: silence.id,
        reason: `silenced by ${silence.created_by} until ${iso(silence.until_at)}: ${silence.reason}`,
      };
    const declared = active.find(({ covers }) => covers(alert.project, alert.service, words))?.declaration;
    return declared && { by: `maintenance:${declared.name}`, reason: `maintenance: ${declared.title}` };
  };
}

/** Whether it tells what became of a repair. */
export const isOfRepair = (type: NotificationType): boolean => type.startsWith('heal.');

type Judged = Pick<AlertRow, 'status' | 'resolved_at' | 'acknowledged_by' | 'inhibited_by'>;

/** Pure: why a notification that is due is not told after all, in words; undefined when it is. */
export function keptBack(
  delivery: Pick<DeliveryRow, 'type' | 'planned_at' | 'created_at'>,
  alert: Judged,
  hold: Hold | undefined,
): string | undefined {
  if (delivery.type === 'alert.opened') {
    // Only what was held back on purpose: an outage of the receiver must not swallow what happened in it.
    const deferred = delivery.planned_at > delivery.created_at;
    if (deferred && alert.status === 'resolved' && (alert.resolved_at ?? 0) < delivery.planned_at)
      return 'it was over before it was to be told';
    if (deferred && alert.status === 'ignored') return 'it was put aside before it was to be told';
  } else if (delivery.type === 'alert.reminder' || delivery.type === 'alert.escalated') {
    if (alert.status === 'acknowledged') return `${alert.acknowledged_by ?? 'somebody'} is on it`;
    if (alert.status !== 'open') return `it is ${alert.status}`;
  } else if (delivery.type === 'alert.resolved')
    return alert.status === 'resolved' ? undefined : 'it came back before its end was to be told';
  else if (isOfRepair(delivery.type)) {
    const deferred = delivery.planned_at > delivery.created_at;
    if (deferred && alert.status === 'resolved') return 'it was over before it was to be told';
    if (alert.status === 'ignored') return 'it is ignored';
  } else return undefined;
  if (alert.inhibited_by !== null) return `it hangs on what another alert is about: ${alert.inhibited_by}`;
  return hold?.reason;
}
