import { z } from 'zod';
import { AgentsDeclaration } from './agentSwitches.ts';
import { AiDeclaration } from './ai.ts';
import { aiAccountsShape } from './aiAccounts.ts';
import { MaintenanceDeclaration, RouteDeclaration } from './alerting.ts';
import { ChannelDeclaration } from './channels.ts';
import { duration, HostName, HttpUrl, MetricKey, Port, ServiceName, Severity, Slug } from './common.ts';
import { DiagnosisLimits } from './diagnosis.ts';
import { ForecastDeclaration } from './forecast.ts';
import { AutohealDeclaration, HealLimits, HealPolicy } from './heal.ts';
import { AccessDeclaration } from './identity.ts';
import { DeclaredEdge } from './mesh.ts';
import { PerformanceDeclaration } from './performance.ts';
import { ClientCertificate, ProbeDeclaration } from './probes.ts';
import { RuleDeclaration } from './rules.ts';
import { ServiceRef, StatusPageDeclaration } from './statuspage.ts';
import { DEFAULT_TIERS, TenantDeclaration, TenantId, TierMap } from './tenants.ts';

/** What a person declares: in orrery.yaml, through the API, the command line or the console. One shape for all four. */
/** Databases refuse NUL, terminals and mail headers obey the others. */
const ONE_LINE = /^\P{Cc}*$/u;

export const ServiceDeclaration = z.strictObject({
  name: ServiceName,
  kind: z.string().max(32).default('service'),
  /** What it cannot work without: a service of the same project by its name, or `project` or `project/service` of another. */
  dependsOn: z
    .array(z.union([ServiceName, ServiceRef]))
    .max(50)
    .default([]),
  probes: z.array(ProbeDeclaration).max(20).default([]),
  /** What may be done about its trouble. */
  heal: z.array(HealPolicy).max(20).optional(),
});
export type ServiceDeclaration = z.infer<typeof ServiceDeclaration>;

export const ThresholdDeclaration = z
  .strictObject({
    metric: MetricKey,
    service: ServiceName.optional(),
    above: z.number().optional(),
    below: z.number().optional(),
    for: duration('0ms', '7d').default('0ms'),
    severity: Severity.default('warning'),
    title: z.string().max(200).optional(),
    recommendation: z.string().max(1000).optional(),
  })
  .refine((t) => (t.above === undefined) !== (t.below === undefined), {
    error: 'needs exactly one of "above" and "below"',
  });
export type ThresholdDeclaration = z.infer<typeof ThresholdDeclaration>;

export const ProjectDeclaration = z.strictObject({
  /** `orrery` is the hub itself: what is wrong with it stands there. */
  slug: Slug.refine((slug) => slug !== 'orrery', { error: 'is kept for the hub itself; take another' }),
  name: z.string().min(1).max(120).regex(ONE_LINE, 'must hold no control characters'),
  hubUrl: HttpUrl,
  meshNs: z
    .string()
    .regex(/^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+){0,7}$/, 'must be dot-separated tokens of letters, digits, "-" and "_"')
    .max(128)
    .optional(),
  tags: z.array(z.string().min(1).max(64)).max(50).default([]),
  teams: z.array(z.string().min(1).max(64)).max(50).default([]),
  domain: z.string().max(64).optional(),
  tenant: TenantId.optional(),
  /** It travels in a header. */
  apiKey: z
    .string()
    .max(512)
    .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'must be printable ASCII on one line')
    .optional(),
  /** What the hub shows to the instance at `hubUrl`, and nowhere else: probes of its kind, verification and actions. */
  clientCertificate: ClientCertificate.optional(),
  allowFanout: z.array(z.string().min(1).max(128)).max(100).default([]),
  dependsOn: z.array(Slug).max(100).default([]),
  /** Integrations that are worth drawing, whether or not it can work without them. */
  edges: z.array(DeclaredEdge).max(200).default([]),
  services: z.array(ServiceDeclaration).max(200).default([]),
  thresholds: z.array(ThresholdDeclaration).max(500).default([]),
  forecasts: ForecastDeclaration.optional(),
  performance: PerformanceDeclaration.optional(),
});
export type ProjectDeclaration = z.infer<typeof ProjectDeclaration>;

/** Adding a project by its URL alone: what is absent is discovered from the instance. */
export const ProjectInput = ProjectDeclaration.partial({ slug: true, name: true });
export type ProjectInput = z.input<typeof ProjectInput>;

/** orrery.yaml, whole. */
export const FileDeclaration = z.strictObject({
  projects: z.array(ProjectDeclaration).max(1000).default([]),
  tenants: z.array(TenantDeclaration).max(1000).default([]),
  tiers: TierMap.default(DEFAULT_TIERS),
  channels: z.array(ChannelDeclaration).max(100).default([]),
  routes: z.array(RouteDeclaration).max(200).default([]),
  maintenance: z.array(MaintenanceDeclaration).max(200).default([]),
  rules: z.array(RuleDeclaration).max(200).default([]),
  statusPages: z.array(StatusPageDeclaration).max(50).default([]),
  ai: z.strictObject({ ...AiDeclaration.shape, ...aiAccountsShape }).prefault({}),
  access: AccessDeclaration.prefault({}),
  network: z
    .strictObject({
      allowPrivate: z.boolean().default(false),
      /** What the hub must reach to believe that its own network works, `host:port`: while none of them answers, a target that does not answer is unknown, not down. */
      selfCheck: z
        .array(z.strictObject({ host: HostName, port: Port }))
        .max(5)
        .default([]),
    })
    .prefault({}),
  retention: z
    .strictObject({
      raw: duration('1h').default('30d'),
      minute: duration('1h').default('90d'),
      hour: duration('1d').default('400d'),
      checks: duration('1h').default('7d'),
      events: duration('1h').default('90d'),
    })
    .prefault({}),
  freshness: z.strictObject({ offlineAfter: duration('10s', '30d').default('10m') }).prefault({}),
  repair: HealLimits.prefault({}),
  autoheal: z.array(AutohealDeclaration).max(10).default([]),
  agents: AgentsDeclaration.prefault({}),
  diagnosis: DiagnosisLimits.prefault({}),
  mesh: z
    .strictObject({
      /** Whether a project that speaks over NATS, and that nobody declared, is added by itself. */
      discover: z.boolean().default(false),
      /** Of the hub of one project: whom it speaks for, its only project when absent. */
      project: Slug.optional(),
      /** The meta hub that it tells over HTTP, with the key that the meta hub knows the project by. */
      meta: z.strictObject({ url: HttpUrl, key: z.string().min(1).max(512) }).optional(),
      every: duration('1s', '10m').default('90s'),
    })
    .prefault({}),
  edges: z.strictObject({ halfLife: duration('1m', '365d').default('1d') }).prefault({}),
});
export type FileDeclaration = z.infer<typeof FileDeclaration>;
