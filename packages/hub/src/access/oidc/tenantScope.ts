import type { Db } from '../../platform/db.ts';
import type { Caller } from '../caller.ts';
import type { AccessTables } from '../tables.ts';

/** What exists for somebody of a tenant; null is the operating company, which sees everything. Undefined for a tenant that nobody declared. */
export type CallerScope = (tenant: string | null) => Promise<Pick<Caller, 'projects' | 'tenant'> | undefined>;

export function createTenantScope(deps: {
  db: Db;
  /** Slugs of the projects that belong to a tenant. */
  projectsOfTenant(tenant: string): Promise<readonly string[]>;
}): CallerScope {
  return async (tenant) => {
    if (tenant === null) return { projects: 'all', tenant };
    const known = await deps.db
      .withTables<AccessTables>()
      .selectFrom('tenants')
      .select('id')
      .where('id', '=', tenant)
      .executeTakeFirst();
    return known ? { projects: await deps.projectsOfTenant(tenant), tenant } : undefined;
  };
}
