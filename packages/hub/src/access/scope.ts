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

/** Fields of answers that name what a thing belongs to, and those that name others beside it. */
const OWNER: ReadonlySet<string> = new Set(['project', 'tenant']);
const OTHERS: ReadonlySet<string> = new Set(['projects', 'fromProject', 'toProject', 'dependsOn', 'projectSlug']);

/**
 * Pure: an answer as the caller may have it. The transport passes every answer through it: what belongs to a project or a tenant that does
 * not exist for the caller is a mistake of the verb, and throws; names of others beside its own are left out. What an instance itself sent
 * (`data`) is nobody's mistake: there they are left out too.
 */
export function shownTo(caller: Caller, answer: unknown): unknown {
  return caller.projects === 'all' ? answer : shown(caller, answer, false);
}

function shown(caller: Caller, value: unknown, sent: boolean): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => shown(caller, item, sent));
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const foreign = (name: unknown): boolean => typeof name === 'string' && isForeign(caller, key, name);
    if (OWNER.has(key) && foreign(inner)) {
      if (!sent) throw new Error(`an answer would have told ${caller.id} of the ${key} ${String(inner)}`);
    } else if ((OWNER.has(key) || OTHERS.has(key)) && Array.isArray(inner))
      kept[key] = inner.filter((name) => !foreign(name)).map((item) => shown(caller, item, sent));
    else if (!OTHERS.has(key) || !foreign(inner)) kept[key] = shown(caller, inner, sent || key === 'data');
  }
  return kept;
}

function isForeign(caller: Caller, key: string, name: string): boolean {
  if (key === 'tenant') return !seesTenant(caller, name);
  // A pattern names nothing.
  if (name.includes('*') || (key === 'projects' && name === 'all')) return false;
  const [project = '', service] = name.split('/');
  // What a service depends on may be a plain service of its own project; the catalog tells them apart.
  return !(key === 'dependsOn' && service === undefined) && !sees(caller, project);
}
