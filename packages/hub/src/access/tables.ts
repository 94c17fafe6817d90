import type { Role } from '@orrery/protocol';
import type { Generated } from 'kysely';

/** `users`, `sessions`, `accounts` and `verifications` have the shape that Better Auth expects: its dates are ISO texts. */
type UserRow = {
  id: string;
  name: string;
  email: string;
  email_verified: number;
  image: string | null;
  role: Role;
  /** null for staff. */
  tenant: string | null;
  two_factor_enabled: Generated<number>;
  disabled_at: Generated<number | null>;
  last_seen_at: Generated<number | null>;
  created_at: string;
  updated_at: string;
};
type SessionRow = {
  id: string;
  user_id: string;
  token: string;
  expires_at: string;
  ip_address: string | null;
  user_agent: string | null;
  created_at: string;
  updated_at: string;
};
export type KeyRow = {
  id: string;
  name: string;
  hash: string;
  role: Role;
  /** JSON list of slugs; null means all. */
  projects: string | null;
  /** null for the operating company's own. */
  tenant: string | null;
  created_at: number;
  created_by: string;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
  /** The digest before the last rotation, and until when it still counts. */
  previous_hash: string | null;
  previous_until: number | null;
  rotated_at: number | null;
};
type TwoFactorRow = {
  id: string;
  user_id: string;
  secret: string;
  backup_codes: string;
  verified: number;
  failed_verification_count: number | null;
  locked_until: string | null;
};
type UsedCodeRow = { user_id: string; code: string; used_at: number };
type PasskeyRow = {
  id: string;
  name: string | null;
  user_id: string;
  device_type: string;
  backed_up: number;
  created_at: string | null;
};
export type InvitationRow = {
  id: string;
  email: string;
  role: Role;
  tenant: string | null;
  invited_by: string;
  created_at: number;
  expires_at: number;
  accepted_at: number | null;
  revoked_at: number | null;
};
/** A link that a person was given: only the digest of its token is kept. `subject` is the invitation, or the person whose password it sets. */
type LinkRow = { hash: string; kind: 'invitation' | 'reset'; subject: string; expires_at: number };
/** A mail that is due: committed with its reason, sent afterwards, tried again until it is. */
export type MailRow = {
  id: string;
  kind: 'invitation' | 'reset';
  /** The invitation, or the address that was asked for, which may be nobody's. */
  subject: string;
  created_at: number;
  attempts: number;
  next_at: number;
  done_at: number | null;
  outcome: string | null;
};
/** The columns of `accounts` that we write; Better Auth knows the others. */
type AccountRow = {
  id: string;
  account_id: string;
  provider_id: string;
  user_id: string;
  password: string | null;
  created_at: string;
  updated_at: string;
};
type AttemptRow = { subject: string; failures: number; last_at: number; blocked_until: number };
export type AuditRow = {
  seq: number;
  at: number;
  actor_kind: string;
  actor_id: string;
  actor_name: string;
  tenant: string | null;
  ip: string | null;
  verb: string;
  target: string;
  project: string | null;
  before_state: string | null;
  after_state: string | null;
  prev_hash: string;
  hash: string;
};

export type TenantRow = {
  id: string;
  name: string;
  tier: number | null;
  /** JSON list of names. */
  features: string;
  declared_source: 'file' | 'api';
  declared_ref: string | null;
  created_at: number;
  updated_at: number;
};

export type AccessTables = {
  tenants: TenantRow;
  users: UserRow;
  sessions: SessionRow;
  accounts: AccountRow;
  api_keys: KeyRow;
  two_factors: TwoFactorRow;
  used_codes: UsedCodeRow;
  passkeys: PasskeyRow;
  invitations: InvitationRow;
  links: LinkRow;
  mails: MailRow;
  setup: { id: number; used_at: number | null };
  setup_tokens: { hash: string; expires_at: number };
  sign_in_attempts: AttemptRow;
  verifications: { identifier: string; value: string; expires_at: string };
  audit: AuditRow;
  audit_head: { id: number; seq: number; hash: string };
};
