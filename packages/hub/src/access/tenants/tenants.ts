import type { TenantDeclaration, TenantPatch, TenantView, TierMap } from '@orrery/protocol';
import type { Clock } from '../../platform/clock.ts';
import { type Db, inTransaction } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import { audit } from '../audit.ts';
import { authorize, authorizeTenant, authorizeWhole, noTenant } from '../authorize.ts';
import type { Caller } from '../caller.ts';
import { inTenant } from '../scope.ts';
import type { AccessTables } from '../tables.ts';
import { sayTenant, stateOf, type TenantRow, viewOf } from './store.ts';
import { createTenantSync } from './sync.ts';

export type TenantDeps = {
  db: Db;
  clock: Clock;
  projectsOfTenant(tenant: string): Promise<readonly string[]>;
  tiers(): TierMap;
  /** Called after a change is committed: whoever belongs to a tenant has other rights now. */
  changed(): void;
};

/** Tenants: customers and business units, declared in the file or here. Who belongs to one sees what is assigned to it. */
export function createTenants(deps: TenantDeps) {
  const { db, clock } = deps;
  const tables = db.withTables<AccessTables>();

  const shown = async (row: TenantRow): Promise<TenantView> =>
    viewOf(row, await deps.projectsOfTenant(row.id), deps.tiers());

  async function rowOf(trx: Db, id: string): Promise<TenantRow> {
    const row = await trx
      .withTables<AccessTables>()
      .selectFrom('tenants')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row) throw noTenant(id);
    return row;
  }

  /** The row of a tenant that may be changed here; what a file declares is changed there. */
  async function ownRow(trx: Db, id: string): Promise<TenantRow> {
    const row = await rowOf(trx, id);
    if (row.declared_source === 'file')
      throw new HubError(
        'conflict',
        `The tenant "${id}" is declared in ${row.declared_ref ?? 'the configuration file'}; change it there and the hub follows.`,
      );
    return row;
  }

  return {
    sync: createTenantSync(deps),

    /** Whether anybody declares this tenant. */
    exists: async (id: string): Promise<boolean> =>
      (await tables.selectFrom('tenants').select('id').where('id', '=', id).executeTakeFirst()) !== undefined,

    /** All tenants by name; for a tenant's own people theirs alone. */
    async list(caller: Caller): Promise<{ items: TenantView[] }> {
      authorize(caller, 'configure');
      const rows = await tables
        .selectFrom('tenants')
        .selectAll()
        .where(inTenant(caller, 'id'))
        .orderBy('name')
        .orderBy('id')
        .execute();
      return { items: await Promise.all(rows.map(shown)) };
    },

    async get(caller: Caller, id: string): Promise<TenantView> {
      authorizeTenant(caller, 'configure', id);
      return shown(await rowOf(db, id));
    },

    /** Throws conflict for an id that is taken. */
    async create(caller: Caller, input: TenantDeclaration): Promise<TenantView> {
      authorizeWhole(caller, 'configure');
      const at = clock.now();
      const row: TenantRow = {
        ...stateOf(input),
        declared_source: 'api',
        declared_ref: caller.name,
        created_at: at,
        updated_at: at,
      };
      await inTransaction(db, async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .withTables<AccessTables>()
          .insertInto('tenants')
          .values(row)
          .onConflict((oc) => oc.column('id').doNothing())
          .executeTakeFirst();
        if (Number(numInsertedOrUpdatedRows ?? 0) !== 1)
          throw new HubError(
            'conflict',
            `A tenant "${row.id}" exists already. Choose another id, or change that one.`,
            {
              fields: [{ field: 'body.id', reason: 'is taken' }],
            },
          );
        await audit(trx, { caller, verb: 'tenants.create', target: row.id, after: sayTenant(row), at });
      });
      deps.changed();
      return shown(row);
    },

    /** Changes what the patch names. Only staff who see everything may: what a tenant has is not its own to say. */
    async update(caller: Caller, id: string, patch: TenantPatch): Promise<TenantView> {
      authorizeTenant(caller, 'configure', id);
      authorizeWhole(caller, 'configure');
      const at = clock.now();
      const after = await inTransaction(db, async (trx) => {
        const before = await ownRow(trx, id);
        const next = await trx
          .withTables<AccessTables>()
          .updateTable('tenants')
          .set({
            ...(patch.name === undefined ? {} : { name: patch.name }),
            ...(patch.tier === undefined ? {} : { tier: patch.tier }),
            ...(patch.features === undefined ? {} : { features: JSON.stringify([...new Set(patch.features)]) }),
            updated_at: at,
          })
          .where('id', '=', id)
          .where('declared_source', '=', 'api')
          .returningAll()
          .executeTakeFirst();
        if (!next) throw noTenant(id);
        await audit(trx, {
          caller,
          verb: 'tenants.update',
          target: id,
          before: sayTenant(before),
          after: sayTenant(next),
          at,
        });
        return next;
      });
      deps.changed();
      return shown(after);
    },

    /** Removes a tenant to which nothing and nobody belongs any more; throws conflict otherwise, and says what does. */
    async remove(caller: Caller, id: string): Promise<void> {
      authorizeTenant(caller, 'configure', id);
      authorizeWhole(caller, 'configure');
      const projects = await deps.projectsOfTenant(id);
      const at = clock.now();
      await inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        const before = await ownRow(trx, id);
        const people = await q.selectFrom('users').select('id').where('tenant', '=', id).execute();
        const keys = await q
          .selectFrom('api_keys')
          .select('id')
          .where('tenant', '=', id)
          .where('revoked_at', 'is', null)
          .execute();
        const left = [
          [projects.length, 'projects'],
          [people.length, 'people'],
          [keys.length, 'keys'],
        ] as const;
        const said = left.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
        if (said.length > 0)
          throw new HubError('conflict', `The tenant "${id}" still has ${said.join(', ')}; take those away first.`);
        await q.deleteFrom('tenants').where('id', '=', id).where('declared_source', '=', 'api').execute();
        await audit(trx, { caller, verb: 'tenants.remove', target: id, before: sayTenant(before), at });
      });
      deps.changed();
    },
  };
}
