import { z } from 'zod';
import { duration, HttpUrl, Time } from './common.ts';
import { ROLES } from './roles.ts';

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

const Password = z.string().min(12, 'must have at least 12 characters').max(256);
const Email = z.email().max(320);
const LinkToken = z.string().min(1).max(256);
const RoleName = z.enum(ROLES);

/** A person as an administrator sees them. */
export const UserView = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role: RoleName,
  /** null for staff. */
  tenant: z.string().nullable(),
  /** How they come in. */
  signIn: z.array(z.enum(['password', 'oidc', 'passkey'])),
  secondFactor: z.boolean(),
  createdAt: Time,
  lastSeenAt: Time.optional(),
  disabledAt: Time.optional(),
});
export type UserView = z.infer<typeof UserView>;

export const UserPatch = z
  .strictObject({
    role: RoleName.optional(),
    tenant: z.string().max(64).nullable().optional(),
    disabled: z.boolean().optional(),
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), { error: 'must change something' });
export type UserPatch = z.infer<typeof UserPatch>;

export const InvitationInput = z.strictObject({
  email: Email,
  role: RoleName,
  /** null is staff; of a tenant's own administrator it is always that tenant. */
  tenant: z.string().min(1).max(64).nullable().default(null),
  expiresInDays: z.int().min(1).max(30).default(7),
});
export type InvitationInput = z.input<typeof InvitationInput>;
export const InvitationView = z.object({
  id: z.string(),
  email: z.string(),
  role: RoleName,
  tenant: z.string().nullable(),
  invitedBy: z.string(),
  createdAt: Time,
  expiresAt: Time,
  state: z.enum(['open', 'accepted', 'revoked', 'expired']),
});
export type InvitationView = z.infer<typeof InvitationView>;
/** The only answer that ever holds the link. `mailed`: a mail with a link of its own is on its way as well. */
export const InvitationCreated = InvitationView.extend({ link: z.string(), mailed: z.boolean() });
export const InvitationLook = z.strictObject({ token: LinkToken });
export const InvitationFace = InvitationView.pick({ email: true, role: true, expiresAt: true });
export const InvitationAccept = z.strictObject({
  token: LinkToken,
  name: z.string().min(1).max(120),
  password: Password,
});
export type InvitationAccept = z.infer<typeof InvitationAccept>;

export const ForgotInput = z.strictObject({ email: Email });
export const ResetInput = z.strictObject({ token: LinkToken, password: Password });
export const ResetLink = z.object({ link: z.string(), expiresAt: Time, mailed: z.boolean() });

/** What the sign-in page may offer. */
export const SignInWays = z.object({ oidc: z.object({ label: z.string() }).optional(), mail: z.boolean() });
export type SignInWays = z.infer<typeof SignInWays>;

const Code = z.string().min(6).max(24);
export const PasswordAgain = z.strictObject({ password: z.string().min(1).max(256) });
export const CodeInput = z.strictObject({ code: Code });
export const SecondStep = z.strictObject({ code: Code, recovery: z.boolean().optional() });
export const SecondFactorSetup = z.object({ uri: z.string(), recoveryCodes: z.array(z.string()) });
export const RecoveryCodes = z.object({ recoveryCodes: z.array(z.string()) });
export const Profile = z.object({ password: z.boolean(), secondFactor: z.boolean() });
export type Profile = z.infer<typeof Profile>;

export const PasskeyView = z.object({
  id: z.string(),
  name: z.string(),
  synced: z.boolean(),
  createdAt: Time.optional(),
});
export type PasskeyView = z.infer<typeof PasskeyView>;
const Credential = z.looseObject({ id: z.string().max(1024), response: z.looseObject({}) });
export const PasskeyMade = z.strictObject({ name: z.string().min(1).max(60), response: Credential });
export const PasskeyUsed = z.strictObject({ response: Credential });

export const KeyRotation = z.strictObject({
  /** How long the secret before still counts; 0 ends it at once. */
  overlapHours: z.number().min(0).max(720).default(24),
});
