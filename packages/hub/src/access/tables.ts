import type { Role } from '@orrery/protocol';

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
  setup: { id: number; used_at: number | null };
  setup_tokens: { hash: string; expires_at: number };
  sign_in_attempts: AttemptRow;
  audit: AuditRow;
  audit_head: { id: number; seq: number; hash: string };
};
