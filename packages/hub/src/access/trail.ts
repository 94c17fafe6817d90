import type { AuditFilter, AuditRecord } from '@orrery/protocol';
import { type Expression, type SqlBool, sql } from 'kysely';
import { iso } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { authorize } from './authorize.ts';
import type { Caller } from './caller.ts';
import { inProjects, inTenant, isStaff } from './scope.ts';
import type { AccessTables, AuditRow } from './tables.ts';

const READ_AT_ONCE = 500;

export const toRecord = (row: AuditRow): AuditRecord => ({
  seq: row.seq,
  at: iso(row.at),
  actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
  tenant: row.tenant,
  ip: row.ip,
  verb: row.verb,
  target: row.target,
  project: row.project,
  before: row.before_state === null ? null : JSON.parse(row.before_state),
  after: row.after_state === null ? null : JSON.parse(row.after_state),
  prevHash: row.prev_hash,
  hash: row.hash,
});

const SEARCHED = ['actor_name', 'actor_id', 'verb', 'target', 'ip', 'before_state', 'after_state'] as const;

/** Reads the audit trail for people: a tenant's administrator sees what its tenant did, a key that is limited to projects what was done to those. */
export function createTrail({ db }: { db: Db }) {
  /** The entries that exist for the caller: the one place where that is decided. */
  function visible(caller: Caller) {
    authorize(caller, 'configure');
    const query = db.withTables<AccessTables>().selectFrom('audit').selectAll().where(inTenant(caller, 'tenant'));
    // A tenant's own people see also what was done to none of its projects: signing in, keys, invitations.
    return isStaff(caller) || caller.limited ? query.where(inProjects(caller, 'project')) : query;
  }

  function chosen(caller: Caller, filter: AuditFilter) {
    const { actor, verb, project, target, from, to, q } = filter;
    let query = visible(caller);
    if (actor !== undefined)
      query = query.where((eb) => eb.or([eb('actor_id', '=', actor), eb('actor_name', '=', actor)]));
    // A range, which an index answers; `/` follows `.` in both engines' order of bytes.
    if (verb !== undefined)
      query = query.where((eb) => eb.or([eb('verb', '=', verb), like('verb', `${escaped(verb)}.%`)]));
    if (project !== undefined) query = query.where('project', '=', project);
    if (target !== undefined) query = query.where('target', '=', target);
    if (from !== undefined) query = query.where('at', '>=', from);
    if (to !== undefined) query = query.where('at', '<', to);
    if (q !== undefined) {
      const pattern = `%${escaped(q.toLowerCase())}%`;
      query = query.where((eb) => eb.or(SEARCHED.map((field) => like(field, pattern))));
    }
    return query;
  }

  return {
    /** Newest first. The cursor is the number of the last entry given. */
    async list(
      caller: Caller,
      { cursor, limit = 50, ...filter }: AuditFilter & { cursor?: number | undefined; limit?: number | undefined },
    ): Promise<{ items: AuditRecord[]; nextCursor?: string }> {
      let query = chosen(caller, filter);
      if (cursor !== undefined) query = query.where('seq', '<', cursor);
      const rows = await query
        .orderBy('seq', 'desc')
        .limit(limit + 1)
        .execute();
      const items = rows.slice(0, limit).map(toRecord);
      const last = items.at(-1);
      return { items, ...(rows.length > limit && last ? { nextCursor: String(last.seq) } : {}) };
    },

    /** One entry; not_found for one that does not exist for the caller. */
    async get(caller: Caller, seq: number): Promise<AuditRecord> {
      const row = await visible(caller).where('seq', '=', seq).executeTakeFirst();
      if (!row) throw new HubError('not_found', 'No such entry.');
      return toRecord(row);
    },

    /** Oldest first, page by page: what is written meanwhile comes last. */
    async *each(caller: Caller, filter: AuditFilter): AsyncGenerator<AuditRecord[]> {
      for (let after = 0; ; ) {
        const rows = await chosen(caller, filter).where('seq', '>', after).orderBy('seq').limit(READ_AT_ONCE).execute();
        if (rows.length > 0) yield rows.map(toRecord);
        after = rows.at(-1)?.seq ?? after;
        if (rows.length < READ_AT_ONCE) return;
      }
    },
  };
}

const escaped = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** Capital letters do not matter on either engine. */
const like = (field: string, pattern: string): Expression<SqlBool> =>
  sql`lower(${sql.ref(field)}) LIKE ${pattern.toLowerCase()} ESCAPE '\\'`;
