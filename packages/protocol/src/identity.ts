import { z } from 'zod';
import { duration, HttpUrl } from './common.ts';

/** Signatures with a private key, of which the hub needs the public half only. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
const ClaimPath = z.string().min(1).max(256);
const Names = z.array(z.string().min(1).max(128)).max(50);

/** An OpenID provider whose people and tokens the hub takes. */
export const OidcDeclaration = z.strictObject({
  issuer: HttpUrl.optional(),
  audience: z.string().min(1).max(256).optional(),
  clientId: z.string().min(1).max(256).optional(),
  clientSecret: z.string().min(1).max(512).optional(),
  label: z.string().min(1).max(40).default('single sign-on'),
  scopes: z.array(z.string().min(1).max(64)).max(20).default(['openid', 'profile', 'email']),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .default([...ALGORITHMS]),
  clockTolerance: duration('0ms', '5m').default('30s'),
  keysMaxAge: duration('1m', '7d').default('1h'),
  claims: z
    .strictObject({
      roles: z
        .array(ClaimPath)
        .min(1)
        .max(20)
        .default(['roles', 'realm_access.roles', 'resource_access.{clientId}.roles']),
      tenant: ClaimPath.default('tenant_id'),
      name: ClaimPath.default('preferred_username'),
    })
    .prefault({}),
  roles: z
    .strictObject({
      viewer: Names.default(['viewer']),
      agent: Names.default(['agent']),
      operator: Names.default(['operator']),
      admin: Names.default(['admin']),
    })
    .prefault({}),
  staffTenant: z.string().min(1).max(64).optional(),
  linkVerifiedEmail: z.boolean().default(false),
});
export type OidcDeclaration = z.infer<typeof OidcDeclaration>;

/** How people come in. */
export const AccessDeclaration = z.strictObject({ rbac: z.boolean().optional(), oidc: OidcDeclaration.optional() });
