import type { Lead } from '@orrery/protocol';
import { authorize, type Caller, visibleProjects } from '../../access/index.ts';
import { type Clock, iso } from '../../platform/clock.ts';
import { type Db, inTransaction } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import type { AiTables, LeadRow } from '../tables.ts';

type NewLead = {
  tenant: string | null;
  project?: string | undefined;
  source: 'call' | 'event';
  sourceId: string;
  fields: Record<string, unknown>;
};
export type LeadEvent = { id?: string; at: number; type: string; project?: string; title: string; data?: unknown };
export type Leads = ReturnType<typeof createLeads>;

const MAX_FIELDS = 16 * 1024;

/** The lead flow: what calls extracted and what products told, each once. */
export function createLeads(deps: {
  db: Db;
  clock: Clock;
  appendEvents(trx: Db, events: readonly LeadEvent[]): Promise<number>;
}) {
  const { db, clock } = deps;

  async function insert(trx: Db, lead: NewLead): Promise<boolean> {
    const now = clock.now();
    const fields = JSON.stringify(lead.fields);
    const row: LeadRow = {
      id: newId('led', now),
      at: now,
      tenant: lead.tenant,
      project: lead.project ?? null,
      source: lead.source,
      source_id: lead.sourceId,
      fields: fields.length > MAX_FIELDS ? JSON.stringify({ truncated: true, bytes: fields.length }) : fields,
    };
    const result = await trx
      .withTables<AiTables>()
      .insertInto('leads')
      .values(row)
      .onConflict((oc) => oc.columns(['source', 'source_id']).doNothing())
      .executeTakeFirst();
    return Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
  }

  return {
    /** Stores what a call extracted, and says so in the event stream; nothing for a lead that holds nothing. */
    async add(lead: NewLead): Promise<void> {
      if (Object.keys(lead.fields).length === 0) return;
      await inTransaction(db, async (trx) => {
        if (!(await insert(trx, lead))) return;
        await deps.appendEvents(trx, [
          {
            at: clock.now(),
            type: 'lead.created',
            title: `Lead extracted${lead.project === undefined ? '' : ` for ${lead.project}`}`,
            ...(lead.project === undefined ? {} : { project: lead.project }),
            // The stream is for those who see operations; who the lead is stands in the lead flow alone.
            data: { source: 'call', callId: lead.sourceId },
          },
        ]);
      });
    },

    /** Stores the leads among events of products, inside the transaction that stores the events; a repeat changes nothing. */
    async fromEvents(trx: Db, events: readonly LeadEvent[]): Promise<void> {
      for (const { id, type, project, data } of events) {
        if (type !== 'lead.created' || id === undefined || project === undefined) continue;
        const fields = typeof data === 'object' && data !== null && !Array.isArray(data) ? { ...data } : {};
        await insert(trx, { tenant: null, project, source: 'event', sourceId: `${project}:${id}`, fields });
      }
    },

    /** Deletes what is older than leads are kept. */
    async expire(keepMs: number): Promise<void> {
      await db
        .withTables<AiTables>()
        .deleteFrom('leads')
        .where('at', '<', clock.now() - keepMs)
        .execute();
    },

    /** Newest first: a tenant's own, and those of the projects that the caller sees. */
    async list(
      caller: Caller,
      filter: { limit: number; project?: string | undefined; cursor?: string | undefined },
    ): Promise<{ items: Lead[]; nextCursor?: string }> {
      authorize(caller, 'leads:view', filter.project);
      if (filter.cursor !== undefined && !/^led_[0-9a-z]{26}$/.test(filter.cursor))
        throw new HubError('invalid', 'query.cursor: is not a cursor of this list', {
          fields: [{ field: 'query.cursor', reason: 'is not a cursor of this list' }],
        });
      const visible = visibleProjects(caller);
      let query = db
        .withTables<AiTables>()
        .selectFrom('leads')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(filter.limit + 1);
      if (caller.tenant !== null || visible !== 'all') {
        const projects = visible === 'all' || visible.length === 0 ? [''] : [...visible];
        const { tenant, limited } = caller;
        query =
          tenant === null
            ? query.where('project', 'in', projects)
            : // A project's leads are its tenant's, unless a call said otherwise.
              query.where((eb) =>
                eb.and([
                  eb.or([eb('tenant', '=', tenant), eb('tenant', 'is', null)]),
                  eb.or([
                    eb('project', 'in', projects),
                    // What is of no one project is not for a key of some.
                    ...(limited ? [] : [eb('tenant', '=', tenant)]),
                  ]),
                ]),
              );
      }
      if (filter.project !== undefined) query = query.where('project', '=', filter.project);
      if (filter.cursor !== undefined) query = query.where('id', '<', filter.cursor);
      const rows = await query.execute();
      const items = rows.slice(0, filter.limit);
      const last = items.at(-1);
      return {
        items: items.map(viewOf),
        ...(rows.length > filter.limit && last ? { nextCursor: last.id } : {}),
      };
    },
  };
}

const viewOf = (row: LeadRow): Lead => ({
  id: row.id,
  at: iso(row.at),
  tenant: row.tenant,
  project: row.project,
  source: row.source,
  sourceId: row.source_id,
  fields: JSON.parse(row.fields),
});
