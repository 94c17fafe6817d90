import type { OpsEvent } from '@orrery/protocol';
import { iso } from '../platform/clock.ts';
import type { EventRow } from './tables.ts';

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
