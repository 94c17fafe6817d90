import { PERMISSIONS, type Permission, type Role } from '@orrery/protocol';

type CallerKind = 'user' | 'key' | 'token' | 'meta' | 'local' | 'cron' | 'project' | 'system' | 'anonymous';

/** Whoever calls a verb: what they may do, and which projects exist for them. */
export type Caller = {
  readonly kind: CallerKind;
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  readonly role?: Role;
  readonly permissions: ReadonlySet<Permission>;
  readonly projects: 'all' | readonly string[];
  /** A key that is limited to some of what exists for its tenant, or for staff. */
  readonly limited?: true;
  /** null is the operating company itself; a tenant's callers see what is assigned to it, whatever their role. */
  readonly tenant: string | null;
  /** What is switched on for its tenant; staff has every feature. */
  readonly features?: ReadonlySet<string>;
  readonly ip?: string;
};

const NOTHING: ReadonlySet<Permission> = new Set();
const EVERYTHING: ReadonlySet<Permission> = new Set(PERMISSIONS);

/** The hub itself: its jobs and its loop. */
export const systemCaller = (name: string): Caller => ({
  kind: 'system',
  id: `system:${name}`,
  name,
  permissions: EVERYTHING,
  projects: 'all',
  tenant: null,
});

/** An instance that presents its project's own key: it may push for that project and read nothing. */
export const projectCaller = (slug: string): Caller => ({
  kind: 'project',
  id: `project:${slug}`,
  name: slug,
  permissions: NOTHING,
  projects: [slug],
  tenant: null,
});

export const anonymousCaller: Caller = {
  kind: 'anonymous',
  id: 'anonymous',
  name: 'anonymous',
  permissions: NOTHING,
  projects: [],
  tenant: null,
};
