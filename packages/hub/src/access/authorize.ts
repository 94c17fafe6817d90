import { type Permission, permissionAsked, permissionsOf, type Role } from '@orrery/protocol';
import { HubError } from '../platform/errors.ts';
import type { RouteAuth } from '../platform/http/route.ts';
import type { Caller } from './caller.ts';
import { sees, seesTenant } from './scope.ts';

const signIn = () =>
  new HubError('unauthorized', 'Sign in, or send an API key as x-api-key or as Authorization: Bearer.');

/** Lets a holder of the permission pass; throws unauthorized, forbidden, or not_found for a project that the caller may not see. */
export function authorize(caller: Caller, permission: Permission, project?: string): void {
  if (!caller.permissions.has(permission)) {
    if (caller.kind === 'anonymous') throw signIn();
    throw new HubError('forbidden', `This needs the permission ${permission}.`);
  }
  // The answer for a hidden project is the one for a project that does not exist.
  if (project !== undefined && !sees(caller, project)) throw new HubError('not_found', `No project "${project}".`);
}

/** Lets those pass for whom every project exists: what is about the hub as a whole would tell the others of what they may not see. */
export function authorizeWhole(caller: Caller, permission: Permission): void {
  authorize(caller, permission);
  if (caller.projects !== 'all')
    throw new HubError('forbidden', 'This is about every project; only some exist for you.');
}

/** Lets a holder of the permission pass for whom the tenant exists; throws not_found for everybody else's. */
export function authorizeTenant(caller: Caller, permission: Permission, tenant: string): void {
  authorize(caller, permission);
  if (!seesTenant(caller, tenant)) throw noTenant(tenant);
}
export const noTenant = (tenant: string): HubError => new HubError('not_found', `No tenant "${tenant}".`);

/** Whether a caller may hand a role on: at most what its own role holds, also while roles are not enforced. */
export function mayGrant(caller: Caller, role: Role): boolean {
  const own = caller.role === undefined ? caller.permissions : permissionsOf(caller.role);
  return [...permissionsOf(role)].every((permission) => own.has(permission));
}

const PEOPLE_AND_PROGRAMS: ReadonlySet<Caller['kind']> = new Set(['user', 'key', 'token', 'meta', 'local', 'system']);

/** The check of a route before its handler runs; throws unauthorized or forbidden. */
export function allow(caller: Caller, auth: RouteAuth): void {
  if (auth === 'public') return;
  if (caller.kind === 'anonymous') throw signIn();
  if (auth === 'any') {
    if (!PEOPLE_AND_PROGRAMS.has(caller.kind))
      throw new HubError('forbidden', 'This key has one purpose; this is not it.');
  } else if (auth === 'person') {
    if (caller.kind !== 'user') throw new HubError('forbidden', 'Only a person who is signed in may do this.');
  } else if (auth === 'cron') {
    if (caller.kind !== 'cron')
      throw new HubError('forbidden', 'Only the scheduler may call this, with the cron secret.');
  } else if (auth === 'ingest') {
    if (caller.kind !== 'project')
      throw new HubError('forbidden', "Only a project may send this, with the project's own key.");
  } else {
    const asked = permissionAsked(auth);
    if (asked) (asked.ofAll ? authorizeWhole : authorize)(caller, asked.permission);
    else throw new Error(`no caller can be held against "${auth}"`);
  }
}
