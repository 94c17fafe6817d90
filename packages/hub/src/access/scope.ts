import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Caller } from './caller.ts';

/**
 * The one place that says what exists for a caller. Projects of a caller are settled when it is recognised (`rights.ts`): for a tenant's
 * people and keys those that are assigned to it, whatever their role. Every verb that reads or changes rows for a caller asks here.
 */

const STAFF: ReadonlySet<Caller['kind']> = new Set(['user', 'key', 'token', 'meta', 'local', 'system', 'cron']);

/** Whether the caller is of the operating company: not a tenant's, not a project's own key, not nobody. */
export const isStaff = (caller: Caller): boolean => caller.tenant === null && STAFF.has(caller.kind);

/** Slugs that exist for this caller. */
export const visibleProjects = (caller: Caller): 'all' | readonly string[] => caller.projects;

/** Whether the project exists for this caller. */
export const sees = (caller: Caller, project: string): boolean =>
  caller.projects === 'all' || caller.projects.includes(project);

/** Whether what belongs to this tenant (null: to the operating company) exists for this caller. */
export const seesTenant = (caller: Caller, tenant: string | null): boolean =>
  isStaff(caller) || (tenant !== null && tenant === caller.tenant);

/** SQL: the rows of projects that exist for this caller; a row of no project is for those who see all. */
export function inProjects(caller: Caller, column: string): RawBuilder<SqlBool> {
  if (caller.projects === 'all') return sql<SqlBool>`1 = 1`;
  if (caller.projects.length === 0) return sql<SqlBool>`1 = 0`;
  return sql<SqlBool>`${sql.ref(column)} in (${sql.join(caller.projects)})`;
}

/** SQL: the rows that belong to the caller's tenant; all of them for staff. */
export function inTenant(caller: Caller, column: string): RawBuilder<SqlBool> {
  if (isStaff(caller)) return sql<SqlBool>`1 = 1`;
  if (caller.tenant === null) return sql<SqlBool>`1 = 0`;
  return sql<SqlBool>`${sql.ref(column)} = ${caller.tenant}`;
}

/** What a caller for whom only some projects exist may not read the names of: fields of answers by these names hold slugs or a tenant. */
const NAMES_PROJECTS: ReadonlySet<string> = new Set(['project', 'projects', 'fromProject', 'toProject', 'dependsOn']);

/**
 * Pure: what in an answer speaks of a project or a tenant that does not exist for the caller; undefined when nothing does. The transport
 * looks at every answer by it before it leaves, so that a verb which forgot its scope fails instead of telling.
 */
export function foreign(caller: Caller, answer: unknown): string | undefined {
  if (caller.projects === 'all') return undefined;
  const pending: unknown[] = [answer];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      pending.push(...value);
      continue;
    }
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'tenant' && typeof inner === 'string' && !seesTenant(caller, inner)) return `tenant ${inner}`;
      if (NAMES_PROJECTS.has(key))
        // `project/service` names a project; a pattern names none.
        for (const name of [inner].flat())
          if (typeof name === 'string' && isForeign(caller, key, name)) return `${key} ${name}`;
      pending.push(inner);
    }
  }
  return undefined;
}

function isForeign(caller: Caller, key: string, name: string): boolean {
  if (name.includes('*') || (key === 'projects' && name === 'all')) return false;
  const [project = '', service] = name.split('/');
  // A service's own dependency may be a plain service of the same project.
  if (key === 'dependsOn' && service === undefined) return false;
  return !sees(caller, project);
}
