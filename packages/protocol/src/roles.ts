/** What a caller may do. Every route, tool and command asks for exactly one. */
export const PERMISSIONS = ['leads:view', 'ai:run', 'ops:view', 'actions:run', 'alerts:manage', 'configure'] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLES = ['viewer', 'agent', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The permission matrix: what each role may do. */
export const ROLE_PERMISSIONS = {
  viewer: ['leads:view'],
  agent: ['leads:view', 'ai:run'],
  operator: ['leads:view', 'ai:run', 'ops:view', 'actions:run', 'alerts:manage'],
  admin: PERMISSIONS,
} as const satisfies Record<Role, readonly Permission[]>;

export function permissionsOf(role: Role): ReadonlySet<Permission> {
  return new Set<Permission>(ROLE_PERMISSIONS[role]);
}
