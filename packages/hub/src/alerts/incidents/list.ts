import type { Incident } from '@orrery/protocol';
import { authorize, type Caller } from '../../access/index.ts';
import type { AlertContext } from '../context.ts';
import { readCursor } from '../cursor.ts';
import { findIncidents, partsOf, toIncident } from './view.ts';

export type IncidentFilter = {
  status?: Incident['status'] | undefined;
  project?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
};

/** Incidents, newest first, 50 to a page unless said otherwise: all of which the caller may see some alert. */
export async function listIncidents(
  { db }: AlertContext,
  caller: Caller,
  { status, project, cursor, limit = 50 }: IncidentFilter = {},
): Promise<{ items: Incident[]; nextCursor?: string }> {
  authorize(caller, 'ops:view');
  const before = cursor === undefined ? undefined : readCursor(cursor, 'inc');
  const rows = await findIncidents(db, caller, { status, project, before, limit: limit + 1 });
  const shown = rows.slice(0, limit);
  const parts = await partsOf(db, shown);
  const items = shown.flatMap((row) => toIncident(row, parts.get(row.id) ?? [], caller) ?? []);
  const last = shown.at(-1);
  return { items, ...(rows.length > limit && last ? { nextCursor: last.id } : {}) };
}
