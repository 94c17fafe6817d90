import { z } from 'zod';
import { duration, HttpUrl, MetricKey, Severity, Slug, Time } from './common.ts';
import { PostgresUrl, TlsOptions } from './probes.ts';

const timeout = (standard: string) => duration('100ms', '10m').default(standard);

const ContainerLabel = z.string().regex(/^[\w./-]{1,128}=[^\s=]{1,128}$/, 'must be a label, key=value');
/** Restarts a container through its engine. */
export const DockerRemedy = z.strictObject({
  kind: z.literal('docker'),
  container: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, 'must be the name or id of a container'),
  socket: z.string().startsWith('/', 'must be an absolute path').max(255).optional(),
  /** The engine's address in place of a socket. */
  url: HttpUrl.optional(),
  tls: TlsOptions.optional(),
  /** Whether the container itself must carry the label `orrery.heal=true`: a name may come to mean another container. */
  requireLabel: z.boolean().default(true),
  /** Which label that is, `key=value`. */
  label: ContainerLabel.default('orrery.heal=true'),
  /** Whether only one is restarted that its engine says is unhealthy or has crashed, and nothing that somebody stopped. */
  onlyFailing: z.boolean().default(false),
  /** How long the container may take to stop by itself. */
  grace: duration('0ms', '5m').default('10s'),
  timeout: timeout('60s'),
});
/** Asks the project's own instance: `cache.clear`, `pool.reset`, whatever its manifest declares and `allowFanout` allows. */
export const ActionRemedy = z.strictObject({
  kind: z.literal('action'),
  action: z
    .string()
    .max(128)
    .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/, 'must be the name of an action, "cache.clear"'),
  params: z.record(z.string().max(64), z.union([z.string().max(1024), z.number(), z.boolean()])).optional(),
  timeout: timeout('60s'),
});
/** Calls an address, signed like every webhook when it has a secret; the answer's status says whether it was done. */
export const WebhookRemedy = z.strictObject({
  kind: z.literal('webhook'),
  url: HttpUrl,
  secret: z.string().min(24).max(512).optional(),
  timeout: timeout('30s'),
});
/** Runs one declared command on the hub's machine: a program and its arguments, never a shell. */
export const CommandRemedy = z.strictObject({
  kind: z.literal('command'),
  run: z.array(z.string().max(4096)).min(1).max(64),
  timeout: timeout('60s'),
});
/** Starts or restarts one unit through systemctl on the hub's machine; the unit that is declared is the only one. */
export const SystemdRemedy = z
  .strictObject({
    kind: z.literal('systemd'),
    /** Neither an option nor a pattern, and nothing that stands for many units. */
    unit: z
      .string()
      .max(255)
      .regex(
        /^[A-Za-z0-9_][A-Za-z0-9:_.\\-]*(@[A-Za-z0-9:_.\\-]+)?\.(service|socket|timer|path)$/,
        'must be the full name of a unit, "api.service", "worker@2.service"',
      ),
    verb: z.enum(['restart', 'start', 'reload-or-restart']).default('restart'),
    /** The user instance of the hub's own account in place of the system's. */
    user: z.boolean().default(false),
    /** Where that instance listens; `/run/user/<uid>` when absent. */
    runtimeDir: z.string().startsWith('/', 'must be an absolute path').max(255).optional(),
    /** A local container of systemd-machined. */
    machine: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, 'must be the name of a machine')
      .optional(),
    timeout: timeout('60s'),
  })
  .refine(({ user, machine }) => !user || machine === undefined, {
    error: 'takes at most one of "user" and "machine"',
  });
const names = z.array(z.string().min(1).max(63)).min(1).max(50).optional();
/** Ends sessions of a PostgreSQL server that block others, or sit in a transaction and do nothing. */
export const PostgresRemedy = z
  .strictObject({
    kind: z.literal('postgres'),
    url: PostgresUrl,
    tls: TlsOptions.optional(),
    /** Ends what has been idle in a transaction for so long. */
    idleInTransactionFor: duration('1s', '1d').optional(),
    /** Ends what has kept another session waiting for so long, and waits for nobody itself. */
    blockingFor: duration('1s', '1d').optional(),
    /** Whose sessions may be ended: all lists that are given must name it. */
    databases: names,
    users: names,
    applications: names,
    maxBackends: z.int().min(1).max(20).default(1),
    /** How long a statement that was cancelled may take to end before its session is. */
    grace: duration('100ms', '1m').default('5s'),
    timeout: timeout('30s'),
  })
  .refine((remedy) => remedy.idleInTransactionFor !== undefined || remedy.blockingFor !== undefined, {
    error: 'needs "idleInTransactionFor", "blockingFor" or both',
  })
  .refine((remedy) => Boolean(remedy.databases ?? remedy.users ?? remedy.applications), {
    error: 'needs at least one of "databases", "users" and "applications": whose sessions may be ended',
  });
export const RemedyDeclaration = z.discriminatedUnion('kind', [
  DockerRemedy,
  ActionRemedy,
  WebhookRemedy,
  CommandRemedy,
  SystemdRemedy,
  PostgresRemedy,
]);
export type RemedyDeclaration = z.infer<typeof RemedyDeclaration>;
export type RemedyKind = RemedyDeclaration['kind'];

/** What a policy may do by itself. Every new one begins by saying only what it would have done. */
export const HealMode = z.enum(['dryRun', 'suggest', 'approve', 'automatic']);
export type HealMode = z.infer<typeof HealMode>;

const bounds = {
  limits: z
    .strictObject({
      cooldown: duration('0ms', '1d').default('5m'),
      perHour: z.int().min(1).max(60).default(3),
      /** So many verified repairs by approval come before it acts by itself. */
      earnTrust: z.int().min(0).max(100).default(0),
    })
    .prefault({}),
  verify: z
    .strictObject({
      /** By then the service must be well. */
      within: duration('1s', '1h').default('2m'),
      /** And stay so. */
      stableFor: duration('0ms', '1h').default('15s'),
    })
    .prefault({}),
};

export const HealPolicy = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, "-" and "_"'),
  /** Which trouble of the service it is for. */
  when: z
    .strictObject({
      severity: z.array(Severity).min(1).default(['critical']),
      /** The metric whose threshold is crossed; the service's own checks when absent. */
      metric: MetricKey.optional(),
      /** How long the alert must have been open. */
      for: duration('0ms', '1d').default('0ms'),
    })
    .prefault({}),
  remedy: RemedyDeclaration,
  mode: HealMode.default('dryRun'),
  ...bounds,
  /** What is done when it made things worse. */
  rollback: RemedyDeclaration.optional(),
});
export type HealPolicy = z.infer<typeof HealPolicy>;

/** Containers of one engine that become services of a project by themselves, restarted when they fail. */
export const AutohealDeclaration = z
  .strictObject({
    /** The declared project that they belong to. */
    project: Slug,
    socket: z
      .string()
      .regex(/^\/[^\0]{1,106}$/, 'must be an absolute path')
      .optional(),
    url: HttpUrl.optional(),
    tls: TlsOptions.optional(),
    label: ContainerLabel.default('orrery.heal=true'),
    names: z
      .array(z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/, "must be a container's name"))
      .max(100)
      .default([]),
    every: duration('1s', '1h').default('2m'),
    mode: HealMode.default('dryRun'),
    grace: duration('0ms', '5m').default('10s'),
    ...bounds,
  })
  .refine((entry) => entry.socket === undefined || entry.url === undefined, {
    error: 'needs at most one of "socket" and "url"',
  });
export type AutohealDeclaration = z.infer<typeof AutohealDeclaration>;

/** The limits that all policies share. */
export const HealLimits = z.strictObject({
  enabled: z.boolean().optional(),
  /** Nothing acts; every policy says what it would have done. */
  dryRun: z.boolean().default(false),
  perHour: z.int().min(1).max(1000).default(20),
  projectPerHour: z.int().min(1).max(1000).default(6),
  /** How many targets may be under repair at once, and which share of all services that is at most, in percent. */
  maxTargets: z.int().min(1).max(1000).default(3),
  maxSharePercent: z.number().min(1).max(100).default(34),
  /** An approval that nobody gave by then is not asked for any more. */
  approvalExpires: duration('1m', '7d').default('30m'),
});
export type HealLimits = z.infer<typeof HealLimits>;

export const HealOutcome = z.enum(['healed', 'no effect', 'worse', 'failed', 'refused', 'expired', 'dry run']);
export type HealOutcome = z.infer<typeof HealOutcome>;
export const HealStatus = z.enum(['awaiting approval', 'acting', 'verifying', 'done']);
export type HealStatus = z.infer<typeof HealStatus>;

/** Section 4 of the contracts: one heal attempt, as `GET /ops/autoheal` tells it. */
export const HealAttempt = z.object({
  id: z.string(),
  target: z.object({ project: z.string(), service: z.string() }),
  policy: z.string(),
  trigger: z.object({ alertId: z.string(), title: z.string(), severity: Severity }),
  /** What was known of the cause when it was decided. */
  diagnosis: z.string(),
  /** The remedy in words; its secrets are not among them. */
  remedy: z.object({ kind: z.string(), text: z.string() }),
  /** Why the guard let it pass, or asked. */
  verdict: z.string(),
  status: HealStatus,
  outcome: HealOutcome.nullable(),
  /** What the remedy answered, and what the checks said afterwards. */
  detail: z.string().nullable(),
  rollback: z.string().nullable(),
  /** What a second look saw right before it acted, or why nothing was done after it. */
  secondLook: z.string().nullable(),
  createdAt: Time,
  expiresAt: Time.nullable(),
  approvedBy: z.string().nullable(),
  actedAt: Time.nullable(),
  verifiedAt: Time.nullable(),
  durations: z.object({
    toActMs: z.number().nullable(),
    actMs: z.number().nullable(),
    verifyMs: z.number().nullable(),
  }),
});
export type HealAttempt = z.infer<typeof HealAttempt>;

/** How one policy stands now. */
export const HealPolicyView = z.object({
  project: z.string(),
  service: z.string(),
  policy: z.string(),
  mode: HealMode,
  remedy: z.object({ kind: z.string(), text: z.string() }),
  declaredIn: z.string(),
  /** What the guard last said, and since when. */
  verdict: z.object({ kind: z.string(), reason: z.string(), since: Time }).nullable(),
  /** Of the last seven days. */
  attempts: z.int(),
  healed: z.int(),
  wouldHave: z.int(),
});
export type HealPolicyView = z.infer<typeof HealPolicyView>;

export const HealControl = z.object({
  enabled: z.boolean(),
  paused: z.object({ by: z.string(), at: Time, reason: z.string() }).nullable(),
});
export type HealControl = z.infer<typeof HealControl>;
