import type { OpsEvent } from '@orrery/protocol';
import { authorize, type Caller, inProjects } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Log } from '../platform/log.ts';
import { createStream } from './stream.ts';
import { CHANGES, type EventRow, type EventTables } from './tables.ts';
import { ownView, view } from './view.ts';

export type NewEvent = {
  id?: string;
  at: number;
  type: string;
  project?: string;
  service?: string;
  title: string;
  data?: unknown;
};
const MAX_DATA = 8 * 1024;

export type Events = ReturnType<typeof createEvents>;

/** Keeps what happened and streams it to those who watch. Every hub on the database sees every event, its own at once and others' within a second. */
export function createEvents(deps: { db: Db; clock: Clock; log: Log }) {
  const { db, clock, log } = deps;
  const tables = db.withTables<EventTables>();
  return {
    /** Stores events inside the caller's transaction; one whose id is known for its project is skipped. Returns how many were new. */
    async append(trx: Db, events: readonly NewEvent[]): Promise<number> {
      let stored = 0;
      for (let i = 0; i < events.length; i += 500) {
        const rows = events.slice(i, i + 500).map((event) => {
          const data = event.data === undefined ? null : JSON.stringify(event.data);
          return {
            id: event.id ?? newId('evt', event.at),
            at: event.at,
            type: event.type,
            project: event.project ?? '',
            service: event.service ?? null,
            title: event.title.slice(0, 500),
            data:
              data !== null && data.length > MAX_DATA ? JSON.stringify({ truncated: true, bytes: data.length }) : data,
          };
        });
        const result = await trx
          .withTables<EventTables>()
          .insertInto('events')
          .values(rows)
          .onConflict((oc) => oc.columns(['project', 'id']).doNothing())
          .executeTakeFirst();
        stored += Number(result.numInsertedOrUpdatedRows ?? 0);
      }
      return stored;
    },

    /** Newest first. The cursor is the number of the last event given. */
    async recent(
      caller: Caller,
      filter: { limit: number; project?: string | undefined; type?: string | undefined; cursor?: string | undefined },
    ): Promise<{ items: OpsEvent[]; nextCursor?: string }> {
      authorize(caller, 'ops:view', filter.project);
      const before = filter.cursor === undefined ? undefined : Number(filter.cursor);
      if (before !== undefined && !Number.isSafeInteger(before))
        throw new HubError('invalid', 'query.cursor: is not a cursor of this list', {
          fields: [{ field: 'query.cursor', reason: 'is not a cursor of this list' }],
        });
      let query = tables
        .selectFrom('events')
        .selectAll()
        .where(inProjects(caller, 'project'))
        .orderBy('seq', 'desc')
        .limit(filter.limit + 1);
      if (filter.project !== undefined) query = query.where('project', '=', filter.project);
      if (filter.type !== undefined) query = query.where('type', 'like', `${filter.type.replace(/[%_]/g, '')}%`);
      if (before !== undefined) query = query.where('seq', '<', before);
      const rows = await query.execute();
      const items = rows.slice(0, filter.limit);
      const last = items.at(-1);
      return {
        items: items.map((row) => ownView(caller, view(row))),
        ...(rows.length > filter.limit && last ? { nextCursor: String(last.seq) } : {}),
      };
    },

    /** What was done to these projects between two times (epoch ms, both inclusive): deploys, configuration, features; newest first. */
    async changes(projects: readonly string[], from: number, to: number, limit: number): Promise<EventRow[]> {
      if (projects.length === 0) return [];
      return tables
        .selectFrom('events')
        .selectAll()
        .where(CHANGES)
        .where('project', 'in', projects)
        .where('at', '>=', from)
        .where('at', '<=', to)
        .orderBy('at', 'desc')
        .limit(limit)
        .execute();
    },

    ...createStream({ db, log }),

    /** Deletes what is older than `keepMs`, a bounded number at a time. */
    async expire(keepMs: number): Promise<void> {
      const oldest = clock.now() - keepMs;
      for (;;) {
        const gone = await tables
          .deleteFrom('events')
          .where('seq', 'in', (eb) => eb.selectFrom('events').select('seq').where('at', '<', oldest).limit(5000))
          .executeTakeFirst();
        if (Number(gone.numDeletedRows) < 5000) return;
      }
    },
  };
}
