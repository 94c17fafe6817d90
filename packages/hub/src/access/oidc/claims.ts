import { ROLES, type Role } from '@orrery/protocol';
import type { OidcSettings } from './settings.ts';

export type Claims = Readonly<Record<string, unknown>>;
export type Identity = {
  subject: string;
  name: string;
  email?: string;
  emailVerified: boolean;
  role: Role;
  /** null is the operating company. */
  tenant: string | null;
};
export type Mapped = { ok: true; identity: Identity } | { ok: false; reason: string };

const refuse = (reason: string): Mapped => ({ ok: false, reason });

/** Who a verified token speaks of, by the configured claims. One without a known role stands for nobody. */
export function mapClaims(
  claims: Claims,
  settings: Pick<OidcSettings, 'claims' | 'roles' | 'clientId' | 'staffTenant'>,
): Mapped {
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > 255) return refuse('it names no subject');
  const role = roleOf(claims, settings);
  if (role === undefined) return refuse('it holds no role that is known here');
  const claimed = at(claims, settings.claims.tenant);
  const tenant = tenantOf(claimed, settings.staffTenant);
  if (tenant === undefined) return refuse('its tenant claim is missing, or no text');
  const name = text(at(claims, settings.claims.name)) ?? text(claims.name) ?? sub;
  const email = text(claims.email)?.toLowerCase();
  return {
    ok: true,
    identity: {
      subject: sub,
      name: name.replace(/\p{Cc}/gu, ' ').slice(0, 120),
      ...(email !== undefined && EMAIL.test(email) ? { email } : {}),
      emailVerified: claims.email_verified === true,
      role,
      tenant,
    },
  };
}

const EMAIL = /^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}$/;
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

function tenantOf(claimed: unknown, staff: string | undefined): string | null | undefined {
  // Several mappers give an empty text, or a list of one, to those who have none.
  const value = Array.isArray(claimed) && claimed.length === 1 ? claimed[0] : claimed;
  if (value === undefined || value === null || value === '') return staff === undefined ? null : undefined;
  if (typeof value !== 'string' || value.length > 64) return undefined;
  return value === staff ? null : value;
}

/** The highest role that any of the claims names. */
function roleOf(
  claims: Claims,
  { claims: paths, roles, clientId }: Pick<OidcSettings, 'claims' | 'roles' | 'clientId'>,
): Role | undefined {
  const names = new Set(
    paths.roles.flatMap((path) => {
      if (path.includes('{clientId}') && clientId === undefined) return [];
      return wordsOf(at(claims, path, clientId));
    }),
  );
  return ROLES.toReversed().find((role) => roles[role].some((name) => names.has(name)));
}

const wordsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((name): name is string => typeof name === 'string').slice(0, 1000);

/** The value at a path of claims, own properties only; `{clientId}` stands for ours, dots and all. */
function at(claims: Claims, path: string, clientId = ''): unknown {
  let value: unknown = claims;
  for (const part of path.split('.')) {
    const key = part === '{clientId}' ? clientId : part;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
