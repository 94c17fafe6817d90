import { z } from 'zod';
import { duration, MetricKey, ServiceName, Severity, Slug } from './common.ts';

/** What a person declares: in orrery.yaml, through the API, the command line or the console. One shape for all four. */
const HttpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).max(2048);

/** Databases refuse NUL, terminals and mail headers obey the others. */
const ONE_LINE = /^\P{Cc}*$/u;

const probeCommon = {
  interval: duration('1s', '1d').default('15s'),
  timeout: duration('50ms', '2m').default('5s'),
  failAfter: z.int().min(1).max(100).default(2),
  recoverAfter: z.int().min(1).max(100).default(1),
};

export const HttpProbe = z.strictObject({
  kind: z.literal('http'),
  url: HttpUrl,
  /** Accepted status codes; 200 to 299 when absent. */
  status: z.array(z.int().min(100).max(599)).min(1).optional(),
  /** Text that the body must hold. */
  keyword: z.string().min(1).max(1024).optional(),
  /** A value inside a JSON body: `data.queue.depth`; `items[0].ok`. */
  json: z
    .strictObject({
      path: z.string().min(1).max(256),
      equals: z.union([z.string(), z.number(), z.boolean(), z.null()]),
    })
    .optional(),
  /** Slower than this is degraded, not down. */
  slowAfter: duration('1ms', '2m').optional(),
  ...probeCommon,
});

export const InstanceProbe = z.strictObject({
  kind: z.literal('instance'),
  /** The instance's address; the project's hubUrl when absent. */
  url: HttpUrl.optional(),
  metrics: z.boolean().default(true),
  logs: z.boolean().default(true),
  slowAfter: duration('1ms', '2m').optional(),
  ...probeCommon,
});

export const HeartbeatProbe = z.strictObject({
  kind: z.literal('heartbeat'),
  /** How often the job promises to call. */
  interval: duration('1s', '31d'),
  /** How late it may be before it counts as missing. */
  grace: duration('0ms', '31d').default('1m'),
});

export const ProbeDeclaration = z.discriminatedUnion('kind', [HttpProbe, InstanceProbe, HeartbeatProbe]);
export type ProbeDeclaration = z.infer<typeof ProbeDeclaration>;

export const ServiceDeclaration = z.strictObject({
  name: ServiceName,
  kind: z.string().max(32).default('service'),
  probes: z.array(ProbeDeclaration).max(20).default([]),
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
  slug: Slug,
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
  tenant: z.string().max(64).regex(ONE_LINE, 'must hold no control characters').optional(),
  /** It travels in a header. */
  apiKey: z
    .string()
    .max(512)
    .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'must be printable ASCII on one line')
    .optional(),
  allowFanout: z.array(z.string().min(1).max(128)).max(100).default([]),
  dependsOn: z.array(Slug).max(100).default([]),
  services: z.array(ServiceDeclaration).max(200).default([]),
  thresholds: z.array(ThresholdDeclaration).max(500).default([]),
});
export type ProjectDeclaration = z.infer<typeof ProjectDeclaration>;

/** Adding a project by its URL alone: what is absent is discovered from the instance. */
export const ProjectInput = ProjectDeclaration.partial({ slug: true, name: true });
export type ProjectInput = z.input<typeof ProjectInput>;

const channelName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, "-" and "_"');
/** Which alerts go to the channel; all of them when absent. */
const channelFilter = { severities: z.array(Severity).min(1).optional(), projects: z.array(Slug).min(1).optional() };

export const ChannelDeclaration = z.discriminatedUnion('kind', [
  z.strictObject({ name: channelName, kind: z.literal('slack'), url: HttpUrl, ...channelFilter }),
  z.strictObject({
    name: channelName,
    kind: z.literal('email'),
    smtpUrl: z.string().regex(/^smtps?:\/\//, 'must be an smtp:// or smtps:// URL'),
    from: z.string().min(3).max(320).default('Orrery <orrery@localhost>'),
    to: z.array(z.string().min(3).max(320)).min(1).max(50),
    ...channelFilter,
  }),
  z.strictObject({
    name: channelName,
    kind: z.literal('webhook'),
    url: HttpUrl,
    /** Signs every delivery (Standard Webhooks). Base64 with or without `whsec_`, or any text of 24 bytes or more. */
    secret: z.string().min(24).max(512).optional(),
    ...channelFilter,
  }),
]);
export type ChannelDeclaration = z.infer<typeof ChannelDeclaration>;

/** orrery.yaml, whole. */
export const FileDeclaration = z.strictObject({
  projects: z.array(ProjectDeclaration).max(1000).default([]),
  channels: z.array(ChannelDeclaration).max(100).default([]),
  network: z.strictObject({ allowPrivate: z.boolean().default(false) }).default({ allowPrivate: false }),
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
});
export type FileDeclaration = z.infer<typeof FileDeclaration>;
