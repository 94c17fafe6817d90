import { z } from 'zod';
import { ChannelKind } from './channels.ts';
import { Time } from './common.ts';
import { ProjectDeclaration, ServiceDeclaration, ThresholdDeclaration } from './declare.ts';
import { FedProject, ProjectStatus } from './fed.ts';
import { Capabilities } from './instance.ts';
import { PERMISSIONS, ROLES } from './roles.ts';
import { TenantId } from './tenants.ts';

/** What the console, the command line and scripts use beside the federation API: who am I, keys, channels, jobs, configuration. */
export const RoleName = z.enum(ROLES);
export const Me = z.object({
  kind: z.enum(['user', 'key', 'token', 'meta', 'local']),
  id: z.string(),
  name: z.string(),
  email: z.string().optional(),
  role: RoleName,
  permissions: z.array(z.enum(PERMISSIONS)),
  projects: z.union([z.literal('all'), z.array(z.string())]),
  /** null for the operating company's own people and keys. */
  tenant: z.string().nullable(),
  /** What is switched on for the tenant. */
  features: z.array(z.string()),
});
export type Me = z.infer<typeof Me>;

export const SetupState = z.object({ needed: z.boolean() });
export const SetupInput = z.strictObject({
  token: z.string().min(1).max(256),
  name: z.string().min(1).max(120),
  email: z.email().max(320),
  password: z.string().min(12, 'must have at least 12 characters').max(256),
});

export const KeyInput = z.strictObject({
  name: z.string().min(1).max(120),
  role: RoleName,
  /** Slugs that the key may see; all when absent. */
  projects: z.array(z.string()).min(1).max(200).optional(),
  /** Whose key it is; its maker's tenant when absent. Staff may name any tenant. */
  tenant: TenantId.optional(),
  expiresInDays: z.int().min(1).max(3650).optional(),
});
export type KeyInput = z.input<typeof KeyInput>;
export const KeyView = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  role: RoleName,
  projects: z.union([z.literal('all'), z.array(z.string())]),
  /** null for a key of the operating company itself. */
  tenant: z.string().nullable(),
  createdAt: Time,
  createdBy: z.string(),
  expiresAt: Time.optional(),
  lastUsedAt: Time.optional(),
  revokedAt: Time.optional(),
  rotatedAt: Time.optional(),
  /** Until when the secret before the last rotation counts. */
  previousUntil: Time.optional(),
});
export type KeyView = z.infer<typeof KeyView>;
/** The only answer that ever holds the key itself. */
export const KeyCreated = KeyView.extend({ key: z.string() });

export const Endpoint = z.object({
  name: z.string(),
  url: z.string(),
  authKind: z.enum(['none', 'api-key', 'signature']),
  status: z.enum(['ok', 'error', 'unverified']),
  latencyMs: z.number().nullable(),
  lastVerifiedAt: Time.nullable(),
  reason: z.string().optional(),
});
export type Endpoint = z.infer<typeof Endpoint>;

export const ProjectDetail = FedProject.extend({
  services: z.array(ServiceDeclaration),
  /** `declaredIn` stands with those that the project does not declare itself. */
  thresholds: z.array(ThresholdDeclaration.safeExtend({ declaredIn: z.string().optional() })),
  endpoints: z.array(Endpoint),
  capabilities: Capabilities.nullable(),
  /** The declaration as YAML, secrets masked: paste it into orrery.yaml. */
  yaml: z.string(),
});
export type ProjectDetail = z.infer<typeof ProjectDetail>;

/** What adding a project by its URL found; with `dryRun` nothing was stored. */
export const ProjectAdded = z.object({
  project: FedProject,
  declaration: ProjectDeclaration.omit({ apiKey: true }),
  discovered: z.array(z.string()),
  warnings: z.array(z.string()),
  dryRun: z.boolean(),
  /** The key that the project presents to the event door (`x-api-key`); shown once. */
  ingestKey: z.string().optional(),
});
export type ProjectAdded = z.infer<typeof ProjectAdded>;

export const RefreshResult = z.object({
  results: z.array(
    z.object({
      project: z.string(),
      status: z.enum(['refreshed', 'failed', 'unknown']),
      reason: z.string().optional(),
    }),
  ),
});
export type RefreshResult = z.infer<typeof RefreshResult>;

/** What `POST /api/fed/verify` found of each project: its endpoints, and whether it tells the hub's signature from a forged one. */
export const FedVerification = z.object({
  results: z.array(
    z.object({
      project: z.string(),
      status: ProjectStatus,
      endpoints: z.array(Endpoint),
      capabilities: Capabilities.nullable(),
      signature: z.object({
        /** `open`: it takes forged requests too. `none`: it serves no actions. `unchecked`: the hub has no key to sign with. */
        status: z.enum(['ok', 'refused', 'open', 'none', 'failed', 'unchecked']),
        reason: z.string().optional(),
        latencyMs: z.number().optional(),
      }),
    }),
  ),
});
export type FedVerification = z.infer<typeof FedVerification>;

export const ChannelView = z.object({
  name: z.string(),
  kind: ChannelKind,
  /** Where it goes, secrets masked. */
  target: z.string(),
  severities: z.array(z.string()).optional(),
  projects: z.array(z.string()).optional(),
  declaredIn: z.string(),
  pending: z.int(),
  lastDeliveredAt: Time.optional(),
  lastError: z.string().optional(),
});
export type ChannelView = z.infer<typeof ChannelView>;

export const Delivery = z.object({
  id: z.string(),
  channel: z.string(),
  type: z.string(),
  alertId: z.string().optional(),
  title: z.string(),
  status: z.enum(['pending', 'sending', 'delivered', 'failed', 'suppressed']),
  attempts: z.int(),
  createdAt: Time,
  deliveredAt: Time.optional(),
  nextAttemptAt: Time.optional(),
  lastError: z.string().optional(),
  /** The route that led to the channel; absent without routes. */
  route: z.string().optional(),
  /** Why it was not told, when it is `suppressed`. */
  reason: z.string().optional(),
  /** An attempt was cut short before its answer was known: the receiver may have had it already, under the same id. */
  possibleRepeat: z.boolean().optional(),
});
export type Delivery = z.infer<typeof Delivery>;

export const ChannelTest = z.object({ ok: z.boolean(), deliveryId: z.string(), detail: z.string() });
export type ChannelTest = z.infer<typeof ChannelTest>;

export const Job = z.object({
  name: z.string(),
  agent: z.string(),
  schedule: z.string(),
  enabled: z.boolean(),
  running: z.boolean(),
  runs: z.int(),
  failures: z.int(),
  restarts: z.int(),
  /** How many runs have failed in a row; 0 when the last one went well. */
  failing: z.int().optional(),
  /** Runs that ignored their time-out and still go on somewhere; the job itself goes on without them. */
  left: z.int().optional(),
  lastRunAt: Time.optional(),
  lastDurationMs: z.number().optional(),
  lastError: z.string().optional(),
  nextRunAt: Time.optional(),
  holder: z.string().optional(),
});
export type Job = z.infer<typeof Job>;

export const ConfigIssue = z.object({
  line: z.int().optional(),
  column: z.int().optional(),
  field: z.string(),
  reason: z.string(),
});
export type ConfigIssue = z.infer<typeof ConfigIssue>;
/** What the hub runs on, and what is wrong with the newest version of the file when that was refused. */
export const ConfigStatus = z.object({
  file: z.string().nullable(),
  loadedAt: Time,
  issues: z.array(ConfigIssue),
  projects: z.int(),
  channels: z.int(),
});
export type ConfigStatus = z.infer<typeof ConfigStatus>;
