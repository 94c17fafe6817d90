import type { EventRow } from '../../events/index.ts';
import { EventSubject } from './subjects.ts';

/** What rules write carries this in its id: no rule acts on what a rule has made. */
export const MADE_BY_RULE = 'rule:';

/** An event as rules see it; undefined for one that a rule has made, or whose alert or incident a rule has raised. */
export function subjectOf(row: EventRow): EventSubject | undefined {
  if (row.id.startsWith(MADE_BY_RULE)) return undefined;
  const data: unknown = row.data === null ? {} : JSON.parse(row.data);
  if (isEcho(row.type, data)) return undefined;
  return new EventSubject({
    id: row.id,
    type: row.type,
    project: row.project,
    service: row.service ?? '',
    title: row.title,
    data,
    at: new Date(row.at),
  });
}

function isEcho(type: string, data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false;
  if (type.startsWith('alert.') || type.startsWith('incident.')) return 'detector' in data && data.detector === 'rule';
  // What could not be told of no alert was told by a rule.
  return type === 'notification.failed' && 'alertId' in data && data.alertId === null;
}
