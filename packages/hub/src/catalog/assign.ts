import { type Assigned, ProjectDeclaration } from '@orrery/protocol';
import { authorize, authorizeWhole, type Caller } from '../access/index.ts';
import { inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { CatalogDeps } from './catalog.ts';
import { openDeclaration, sealDeclaration } from './store.ts';
import type { CatalogTables } from './tables.ts';

/** Assigns a project to a tenant, or (null) back to the operating company; what a file declares is assigned there. */
export function createAssign(deps: CatalogDeps, announce: () => void) {
  return async (caller: Caller, slug: string, tenant: string | null): Promise<Assigned> => {
    // First what exists for the caller, then what it may: a hidden project is none.
    authorize(caller, 'configure', slug);
    authorizeWhole(caller, 'configure');
    if (tenant !== null) await knownTenant(deps, tenant, 'body.tenant');
    const at = deps.clock.now();
    const changed = await inTransaction(deps.db, async (trx) => {
      const tables = trx.withTables<CatalogTables>();
      const row = await tables.selectFrom('projects').selectAll().where('slug', '=', slug).executeTakeFirst();
      if (!row) throw new HubError('not_found', `No project "${slug}".`);
      if (row.declared_source === 'file')
        throw new HubError(
          'conflict',
          `"${slug}" is declared in ${row.declared_ref ?? 'the configuration file'}; write its tenant there and the hub follows.`,
        );
      if (row.tenant === tenant) return false;
      const { tenant: _, ...declaration } = ProjectDeclaration.parse(JSON.parse(openDeclaration(row, deps.secrets)));
      const { numUpdatedRows } = await tables
        .updateTable('projects')
        .set({
          tenant,
          declaration: sealDeclaration(tenant === null ? declaration : { ...declaration, tenant }, deps.secrets),
          updated_at: at,
        })
        .where('slug', '=', slug)
        .where('declared_source', '!=', 'file')
        .executeTakeFirst();
      if (Number(numUpdatedRows) !== 1) throw new HubError('not_found', `No project "${slug}".`);
      await deps.audit(trx, {
        caller,
        verb: 'projects.assign',
        target: slug,
        project: slug,
        before: { tenant: row.tenant },
        after: { tenant },
        at,
      });
      return true;
    });
    if (changed) announce();
    return { project: slug, tenant };
  };
}

/** Throws for a tenant that nobody declares: a project that is assigned to it would be lost from sight. */
export async function knownTenant(deps: CatalogDeps, tenant: string, field: string): Promise<void> {
  if (await deps.tenantExists(tenant)) return;
  const reason = `there is no tenant "${tenant}"`;
  throw new HubError('invalid', `${field}: ${reason}`, { fields: [{ field, reason }] });
}
