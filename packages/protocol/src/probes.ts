import { z } from 'zod';
import { duration, HostName, HttpUrl, MetricKey, Port } from './common.ts';

const probeCommon = {
  interval: duration('1s', '1d').default('15s'),
  timeout: duration('50ms', '2m').default('5s'),
  failAfter: z.int().min(1).max(100).default(2),
  recoverAfter: z.int().min(1).max(100).default(1),
  /** How many hubs must see a failure before it counts; of fewer living hubs, most of them. Those that look are twice as many less one. */
  quorum: z.int().min(1).max(5).default(1),
};
/** Slower than this is degraded, not down. */
const slowAfter = duration('1ms', '2m').optional();

/** It travels in a header. */
const headerText = z
  .string()
  .max(8192)
  .regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII on one line');
const headers = z
  .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'must be a header name'), headerText)
  .optional();
const pem = z
  .string()
  .max(65_536)
  .regex(/-----BEGIN [A-Z0-9 ]+-----/, 'must be PEM text');

/** Who the hub is to the instance of a project (mTLS), and whom it trusts there. */
export const ClientCertificate = z.strictObject({ cert: pem, key: pem, ca: pem.optional() });

/** How to speak TLS to a target: whom to trust and who we are. All of it is PEM text, usually from `${ENV}`. */
export const TlsOptions = z
  .strictObject({
    ca: pem.optional(),
    cert: pem.optional(),
    key: pem.optional(),
    serverName: HostName.optional(),
  })
  .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), { error: '"cert" and "key" come together' });
export type TlsOptions = z.infer<typeof TlsOptions>;

const httpAuth = {
  basicAuth: z.strictObject({ username: z.string().max(256), password: z.string().max(1024) }).optional(),
  bearer: headerText.optional(),
  tls: TlsOptions.optional(),
};

export const HttpProbe = z.strictObject({
  kind: z.literal('http'),
  url: HttpUrl,
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
  headers,
  body: z.string().max(65_536).optional(),
  /** How many redirects are followed; each new address is checked like the first. Credentials stay with the first origin. */
  followRedirects: z.int().min(0).max(10).default(0),
  ...httpAuth,
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
  slowAfter,
  ...probeCommon,
});

export const InstanceProbe = z.strictObject({
  kind: z.literal('instance'),
  /** The instance's address; the project's hubUrl when absent. */
  url: HttpUrl.optional(),
  metrics: z.boolean().default(true),
  logs: z.boolean().default(true),
  slowAfter,
  ...probeCommon,
});

export const HeartbeatProbe = z.strictObject({
  kind: z.literal('heartbeat'),
  /** How often the job promises to call. */
  interval: duration('1s', '31d'),
  /** How late it may be before it counts as missing. */
  grace: duration('0ms', '31d').default('1m'),
});

export const PrometheusProbe = z.strictObject({
  kind: z.literal('prometheus'),
  /** The page of the exposition: `http://host:9100/metrics`. */
  url: HttpUrl,
  headers,
  ...httpAuth,
  /** Names of metrics to keep, `*` for any run of characters; all of them when absent, up to `maxSeries`. */
  metrics: z.array(z.string().min(1).max(200)).min(1).max(200).optional(),
  maxSeries: z.int().min(1).max(5000).default(500),
  slowAfter,
  ...probeCommon,
});

export const TcpProbe = z.strictObject({
  kind: z.literal('tcp'),
  host: HostName,
  port: Port,
  /** Sent after the connection stands. */
  send: z.string().max(1024).optional(),
  /** Text that the first bytes of the answer must hold. */
  expect: z.string().min(1).max(1024).optional(),
  slowAfter,
  ...probeCommon,
});

export const DnsProbe = z.strictObject({
  kind: z.literal('dns'),
  name: HostName,
  record: z.enum(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'SRV', 'CAA', 'SOA', 'PTR']).default('A'),
  /** Values that must be among the answers; MX as `10 mail.example.com`, SRV as `10 5 5060 host`. */
  expect: z.array(z.string().min(1).max(1024)).min(1).max(50).optional(),
  /** The name server to ask, with or without a port; the system's when absent. */
  server: z
    .string()
    .max(128)
    .regex(/^(\[[0-9a-fA-F:]+\]|[0-9a-fA-F:.]+)(:\d{1,5})?$/, 'must be an IP address, with or without a port')
    .optional(),
  slowAfter,
  ...probeCommon,
});

export const TlsProbe = z.strictObject({
  kind: z.literal('tls'),
  host: HostName,
  port: Port.default(443),
  /** The name that the certificate must be for; the host when absent. */
  serverName: HostName.optional(),
  /** Whom to trust in place of the system's authorities, as PEM text. */
  ca: pem.optional(),
  ...probeCommon,
});

export const dbUrl = (schemes: RegExp, error: string) =>
  z
    .string()
    .max(2048)
    .regex(schemes, error)
    .refine((text) => Boolean(URL.parse(text)?.hostname), { error });

export const PostgresUrl = dbUrl(/^postgres(ql)?:\/\/[^/]+/, 'must be a postgres:// URL with a host');

export const PostgresProbe = z.strictObject({
  kind: z.literal('postgres'),
  url: PostgresUrl,
  /** One statement, run in a read-only transaction; `SELECT 1` when absent. */
  query: z.string().min(1).max(4096).optional(),
  /** What the first column of the first row must be, as text. */
  expect: z.string().max(1024).optional(),
  tls: TlsOptions.optional(),
  slowAfter,
  ...probeCommon,
});

export const RedisProbe = z.strictObject({
  kind: z.literal('redis'),
  url: dbUrl(/^rediss?:\/\/[^/]+/, 'must be a redis:// or rediss:// URL with a host'),
  tls: TlsOptions.optional(),
  slowAfter,
  ...probeCommon,
});

export const DockerProbe = z
  .strictObject({
    kind: z.literal('docker'),
    /** Name or id of the container. */
    container: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, "must be a container's name or id"),
    /** The engine's socket on the hub's own machine; `/var/run/docker.sock` when neither this nor `url` is given. */
    socket: z
      .string()
      .regex(/^\/[^\0]{1,106}$/, 'must be an absolute path')
      .optional(),
    /** The engine's address, in place of a socket: `https://docker-host:2376`. */
    url: HttpUrl.optional(),
    tls: TlsOptions.optional(),
    /** What a container is that came to its end with 0, or that somebody stopped. */
    stopped: z.enum(['down', 'degraded']).default('down'),
    ...probeCommon,
  })
  .refine((probe) => probe.socket === undefined || probe.url === undefined, {
    error: 'needs at most one of "socket" and "url"',
  });

export const PromqlProbe = z.strictObject({
  kind: z.literal('promql'),
  /** The Prometheus server: `http://prometheus:9090`. */
  url: HttpUrl,
  headers,
  ...httpAuth,
  /** Each query's value becomes a sample; its labels become tags. */
  queries: z
    .array(
      z.strictObject({
        metric: MetricKey,
        query: z.string().min(1).max(4096),
        unit: z.string().max(32).optional(),
      }),
    )
    .min(1)
    .max(50),
  slowAfter,
  ...probeCommon,
});

export const ProbeDeclaration = z.discriminatedUnion('kind', [
  HttpProbe,
  InstanceProbe,
  HeartbeatProbe,
  PrometheusProbe,
  TcpProbe,
  DnsProbe,
  TlsProbe,
  PostgresProbe,
  RedisProbe,
  DockerProbe,
  PromqlProbe,
]);
export type ProbeDeclaration = z.infer<typeof ProbeDeclaration>;
