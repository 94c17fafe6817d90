import type { OpsEvent } from '@orrery/protocol';
import { type Caller, shownTo } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import type { EventRow } from './tables.ts';

/** An event as a caller may have it: without the names of others in what its project sent, and in the words made of that. */
export function ownView(caller: Caller, event: OpsEvent): OpsEvent {
  if (caller.projects === 'all') return event;
  const shown = shownTo(caller, event) as OpsEvent;
  const named = (of: OpsEvent) => JSON.stringify(of.data ?? null);
  if (event.type !== 'integration.edge' || named(shown) === named(event)) return shown;
  return { ...shown, title: `${event.project} told of an integration` };
}

/** A stored event as the API shows it. */
export const view = (row: EventRow): OpsEvent => ({
  id: row.id,
  at: iso(row.at),
  type: row.type,
  ...(row.project ? { project: row.project } : {}),
  ...(row.service === null ? {} : { service: row.service }),
  title: row.title,
  ...(row.data === null ? {} : { data: JSON.parse(row.data) }),
});
