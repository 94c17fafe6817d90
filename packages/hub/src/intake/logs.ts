import type { LogLevel, ProjectLogs } from '@orrery/protocol';
import { sql } from 'kysely';
import { authorize, type Caller } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { LEVELS } from './probes/logPage.ts';
import type { PulledLog } from './probes/probe.ts';
import type { IntakeTables } from './tables.ts';

const KEPT_PER_PROJECT = 2000;
const KEPT_MS = 7 * 86_400_000;
/** A project's log may grow this far beyond its limit before it is cut back. */
const SLACK = 200;

/** Stores pulled lines; each project keeps its newest 2,000. */
export function createLogKeeper() {
  const grown = new Map<string, number>();
  return {
    async store(trx: Db, of: { project: string; service: string }, entries: readonly PulledLog[], receivedAt: number) {
      const tables = trx.withTables<IntakeTables>();
      const newest = entries.slice(-KEPT_PER_PROJECT);
      for (let from = 0; from < newest.length; from += 200)
        await tables
          .insertInto('log_entries')
          .values(newest.slice(from, from + 200).map((entry) => ({ ...of, ...entry, received_at: receivedAt })))
          .execute();
      const growth = (grown.get(of.project) ?? SLACK) + newest.length;
      grown.set(of.project, growth >= SLACK ? 0 : growth);
      if (growth >= SLACK) await cutBack(trx, of.project);
    },
  };
}

async function cutBack(db: Db, project: string): Promise<void> {
  const tables = db.withTables<IntakeTables>();
  const oldest = await tables
    .selectFrom('log_entries')
    .select('id')
    .where('project', '=', project)
    .orderBy('id', 'desc')
    .offset(KEPT_PER_PROJECT)
    .limit(1)
    .executeTakeFirst();
  if (oldest)
    await tables.deleteFrom('log_entries').where('project', '=', project).where('id', '<=', oldest.id).execute();
}

/** Deletes lines that came in more than seven days ago, and what is beyond each project's limit. */
export async function expireLogs(db: Db, now: number): Promise<void> {
  const tables = db.withTables<IntakeTables>();
  await tables
    .deleteFrom('log_entries')
    .where('received_at', '<', now - KEPT_MS)
    .execute();
  const projects = await tables.selectFrom('log_entries').select('project').distinct().execute();
  for (const { project } of projects) await cutBack(db, project);
}

export type LogFilter = {
  project: string;
  level?: LogLevel | undefined;
  /** Epoch ms. */
  since?: number | undefined;
  q?: string | undefined;
  limit: number;
  cursor?: string | undefined;
};

/** The stored copy of a project's log, newest first; `note` says why there is none. */
export async function projectLogs(
  deps: { db: Db; noteOf(project: string): Promise<string | undefined> },
  caller: Caller,
  filter: LogFilter,
): Promise<ProjectLogs> {
  authorize(caller, 'ops:view', filter.project);
  const note = await deps.noteOf(filter.project);
  let query = deps.db
    .withTables<IntakeTables>()
    .selectFrom('log_entries')
    .selectAll()
    .where('project', '=', filter.project)
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (filter.cursor !== undefined) {
    const before = Number(filter.cursor);
    if (!/^\d{1,15}$/.test(filter.cursor))
      throw new HubError('invalid', 'query.cursor: is not a cursor of this list', {
        fields: [{ field: 'query.cursor', reason: 'is not a cursor of this list' }],
      });
    query = query.where('id', '<', before);
  }
  if (filter.level !== undefined) query = query.where('level', '>=', LEVELS.indexOf(filter.level));
  if (filter.since !== undefined) query = query.where('at', '>=', filter.since);
  if (filter.q) {
    const pattern = `%${filter.q.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where(sql<boolean>`lower(message) like ${pattern} escape '\\'`);
  }
  const rows = await query.execute();
  const last = rows.at(filter.limit - 1);
  return {
    project: filter.project,
    entries: rows.slice(0, filter.limit).map((row) => ({
      at: iso(row.at),
      level: LEVELS[row.level] ?? 'info',
      message: row.message,
      ...(row.fields === null ? {} : { fields: JSON.parse(row.fields) }),
      service: row.service,
    })),
    ...(rows.length > filter.limit && last ? { nextCursor: String(last.id) } : {}),
    ...(note === undefined ? {} : { note }),
  };
}

/** Another hub may still be committing lines of earlier numbers: younger ones than this wait for them. */
const SETTLED_MS = 3000;

/** Stored lines after a line's number, oldest first, across all projects, as far as none can come in between any more. */
export async function logLinesAfter(db: Db, now: number, after: number, limit: number) {
  const rows = await db
    .withTables<IntakeTables>()
    .selectFrom('log_entries')
    .select(['id', 'project', 'service', 'level', 'message', 'at', 'received_at'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  const young = rows.findIndex(({ received_at }) => received_at > now - SETTLED_MS && received_at <= now);
  return rows
    .slice(0, young === -1 ? rows.length : young)
    .map(({ received_at, ...row }) => ({ ...row, receivedAt: received_at }));
}
