import { PERMISSIONS, type Permission, permissionsOf, ROLES, type Role } from '@orrery/protocol';
import { z } from 'zod';
import type { Db } from '../platform/db.ts';
import type { Caller } from './caller.ts';
import type { AccessTables } from './tables.ts';

/** Who somebody is, as a session, a key or a token proves it; what they may do follows from it. */
export type Identity = {
  kind: 'user' | 'key' | 'token';
  id: string;
  name: string;
  email?: string;
  /** None is known, but may do nothing. */
  roles: readonly Role[];
  /** null for staff. */
  tenant: string | null;
  /** Slugs that a key is limited to; `all` means all that exist for its tenant, or for staff. */
  projects: 'all' | readonly string[];
};
/** What of an identity decides over its rights. */
export type Standing = Pick<Identity, 'roles' | 'tenant' | 'projects'>;
type TenantFacts = { projects: readonly string[]; features: readonly string[] };
export type Rights = ReturnType<typeof createRights>;

const EVERYTHING: ReadonlySet<Permission> = new Set(PERMISSIONS);
const Features = z.array(z.string());

/** The role that may do most of some; undefined of none. */
const strongest = (roles: readonly Role[]): Role | undefined => ROLES.findLast((role) => roles.includes(role));

/** Turns who somebody is into what they may do and what exists for them: the one maker of callers with a role. */
export function createRights(deps: {
  db: Db;
  /** Slugs that are assigned to a tenant. */
  projectsOfTenant(tenant: string): Promise<readonly string[]>;
  /** Whether roles are enforced; read each time, since a reload may change it. */
  rbac(): boolean;
}) {
  const tables = deps.db.withTables<AccessTables>();

  /** A tenant that nobody declares, or no more, has nothing: its people and keys see no project. */
  async function factsOf(tenant: string): Promise<TenantFacts> {
    const row = await tables.selectFrom('tenants').select('features').where('id', '=', tenant).executeTakeFirst();
    if (!row) return { projects: [], features: [] };
    const projects = await deps.projectsOfTenant(tenant);
    return { projects: projects.toSorted(), features: Features.parse(JSON.parse(row.features)).toSorted() };
  }

  function permissions(roles: readonly Role[]): ReadonlySet<Permission> {
    if (!deps.rbac()) return EVERYTHING;
    const role = strongest(roles);
    return role === undefined ? new Set() : permissionsOf(role);
  }

  function within(projects: Standing['projects'], facts: TenantFacts | undefined): Caller['projects'] {
    if (!facts) return projects;
    return projects === 'all' ? facts.projects : facts.projects.filter((slug) => projects.includes(slug));
  }

  const textOf = (standing: Standing, facts: TenantFacts | undefined): string =>
    JSON.stringify([
      [...permissions(standing.roles)],
      strongest(standing.roles) ?? null,
      standing.tenant,
      within(standing.projects, facts),
      facts?.features ?? [],
    ]);

  return {
    /** Whether anybody declares this tenant. */
    knowsTenant: async (tenant: string): Promise<boolean> =>
      (await tables.selectFrom('tenants').select('id').where('id', '=', tenant).executeTakeFirst()) !== undefined,

    /** The caller that an identity is now, and its rights as a text: another text is another set of rights. */
    async callerOf(identity: Identity): Promise<{ caller: Caller; rights: string }> {
      const { kind, id, name, email, roles, tenant } = identity;
      const facts = tenant === null ? undefined : await factsOf(tenant);
      const role = strongest(roles);
      const caller: Caller = {
        kind,
        id,
        name,
        ...(email === undefined ? {} : { email }),
        ...(role === undefined ? {} : { role }),
        permissions: permissions(roles),
        projects: within(identity.projects, facts),
        ...(identity.projects === 'all' ? {} : { limited: true }),
        tenant,
        features: new Set(facts?.features),
      };
      return { caller, rights: textOf(identity, facts) };
    },

    /** For many at once: the rights of each as a text, with one look at each tenant. */
    reader(): (standing: Standing) => Promise<string> {
      const known = new Map<string, Promise<TenantFacts>>();
      return async (standing) => {
        const { tenant } = standing;
        if (tenant === null) return textOf(standing, undefined);
        const facts = known.get(tenant) ?? factsOf(tenant);
        known.set(tenant, facts);
        return textOf(standing, await facts);
      };
    },
  };
}
