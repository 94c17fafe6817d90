import type { FORMATS } from './formats.ts';

/** One environment variable, as data: validation, `orrery env check` and the documentation are made from it. */
export type Variable = {
  kind: keyof typeof FORMATS;
  /** Shown and used when the variable is absent. */
  default?: string;
  /** What happens without it, where that is no plain default. */
  absent?: string;
  secret?: boolean;
  /** A secret of the operator's own making: fewest bytes that it may have in production (NODE_ENV=production, or an address that others can reach). */
  minBytes?: number;
  /** Accepted and checked, but no part of this version acts on it. */
  reserved?: boolean;
  /** Read by the commands that talk to a hub, not by the hub. */
  client?: boolean;
  description: string;
};

const variables = <T extends Record<string, Variable>>(table: T): { [Name in keyof T]: Variable } => table;

/** Every environment variable that Orrery reads. */
export const VARIABLES = variables({
  ORRERY_CONFIG: {
    kind: 'path',
    absent: '`orrery.yaml` where the hub is started, if there is one',
    description: 'The file that declares projects and channels.',
  },
  ORRERY_HOST: {
    kind: 'host',
    default: '127.0.0.1',
    description:
      'Address to listen on. `0.0.0.0` makes the hub reachable from other machines: secrets must then be strong.',
  },
  ORRERY_PORT: { kind: 'port', default: '5400', description: 'Port to listen on; `0` takes a free one.' },
  ORRERY_DATA_DIR: {
    kind: 'path',
    default: '.orrery',
    description: 'Folder of the database, the generated secret and the local key.',
  },
  ORRERY_DATABASE_URL: {
    kind: 'postgresUrl',
    secret: true,
    absent: 'SQLite in the data folder',
    description: 'A PostgreSQL database (`postgres://…`), for several hubs or large fleets.',
  },
  ORRERY_PUBLIC_URL: {
    kind: 'httpUrl',
    absent: 'the address listened on',
    description: 'How people and products reach this hub: links in notifications and heartbeat URLs start with it.',
  },
  ORRERY_TLS_CERT: {
    kind: 'path',
    absent: 'plain HTTP, for this machine or behind a proxy that speaks TLS',
    description:
      'A certificate with its chain (PEM): the hub then speaks HTTPS alone, TLS 1.2 or newer. The files are read again when they change.',
  },
  ORRERY_TLS_KEY: {
    kind: 'path',
    absent: 'see `ORRERY_TLS_CERT`',
    description: 'The private key of that certificate (PEM).',
  },
  ORRERY_TLS_CLIENT_CA: {
    kind: 'path',
    absent: 'clients need no certificate',
    description: 'Authorities (PEM): only clients that show a certificate of one of them may connect (mTLS).',
  },
  ORRERY_SCOPE: {
    kind: 'scope',
    default: 'meta',
    description:
      '`meta` watches many projects; `project` is the hub of one product, which tells a meta hub (`mesh` in the file).',
  },
  ORRERY_LOG_LEVEL: {
    kind: 'logLevel',
    default: 'info',
    description: 'How much the log says: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.',
  },
  ORRERY_SECRET: {
    kind: 'masterKey',
    secret: true,
    minBytes: 32,
    absent: 'generated into the data folder as `secret`, mode 0600',
    description:
      'The master key of everything stored encrypted: 32 bytes or more, the same for all hubs on one database.',
  },
  ORRERY_SECRET_PREVIOUS: {
    kind: 'masterKeys',
    secret: true,
    absent: 'the master key has always been the one that it is',
    description:
      'Master keys before `ORRERY_SECRET`, separated by commas. What they sealed is sealed again at the start; heartbeat URLs and sessions made under them stay good until the variable is gone.',
  },
  ORRERY_META_API_KEY: {
    kind: 'secret',
    secret: true,
    minBytes: 24,
    absent: 'no meta key is accepted',
    description: 'The key that may read the whole federation API (`x-api-key`).',
  },
  ORRERY_ADMIN_EMAIL: {
    kind: 'email',
    absent: 'the first admin is made through the printed link or `orrery seed-admin`',
    description: "The first admin's address; set together with `ORRERY_ADMIN_PASSWORD`.",
  },
  ORRERY_ADMIN_PASSWORD: {
    kind: 'password',
    secret: true,
    minBytes: 12,
    absent: 'see `ORRERY_ADMIN_EMAIL`',
    description: "The first admin's password: 12 characters or more.",
  },
  CRON_SECRET: {
    kind: 'secret',
    secret: true,
    minBytes: 24,
    absent: 'the cron routes refuse every call',
    description: 'What a serverless scheduler presents as `Authorization: Bearer …`.',
  },
  MESH_HMAC_KEY: {
    kind: 'secret',
    secret: true,
    minBytes: 24,
    absent: 'nothing can be signed, and no action is sent',
    description:
      "The root key from which each project's signing key is derived: what the hub asks of instances is signed by it.",
  },
  MESH_HMAC_KEY_PREVIOUS: {
    kind: 'secret',
    secret: true,
    minBytes: 24,
    description: 'The root key that is being replaced: while it is set, requests carry a signature by each of the two.',
  },
  ECOSYSTEM_API_KEY: {
    kind: 'secret',
    secret: true,
    absent: 'projects without an `apiKey` are asked without one',
    description: 'The default `apiKey` of declared projects. A project that pushes needs a key of its own.',
  },
  SLACK_WEBHOOK_URL: {
    kind: 'httpUrl',
    secret: true,
    absent: 'no channel is made',
    description: 'Makes a Slack channel named `slack`, unless a declared one goes there already.',
  },
  SMTP_URL: {
    kind: 'smtpUrl',
    secret: true,
    absent: 'no channel is made',
    description:
      'A mail server (`smtp://user:password@host:587`) for invitations and new passwords; with `ALERT_EMAIL_TO` it makes a channel named `email`, unless a declared one goes there already.',
  },
  ALERT_EMAIL_TO: {
    kind: 'emails',
    absent: 'no channel is made',
    description: 'Who gets alerts by mail: addresses separated by commas.',
  },
  ORRERY_URL: {
    kind: 'httpUrl',
    client: true,
    absent: 'the hub of the data folder',
    description: 'The hub that commands talk to.',
  },
  ORRERY_CA: {
    kind: 'path',
    client: true,
    absent: 'the authorities that the system trusts',
    description: 'An authority (PEM) that the hub of `ORRERY_URL` has its certificate from.',
  },
  ORRERY_CLIENT_CERT: {
    kind: 'path',
    client: true,
    absent: 'commands show none',
    description: 'The certificate (PEM) that commands show to a hub with `ORRERY_TLS_CLIENT_CA`.',
  },
  ORRERY_CLIENT_KEY: {
    kind: 'path',
    client: true,
    absent: 'see `ORRERY_CLIENT_CERT`',
    description: 'Its private key (PEM).',
  },
  ORRERY_API_KEY: {
    kind: 'secret',
    secret: true,
    client: true,
    absent: 'the local key of the data folder',
    description: 'The API key that commands present.',
  },
  ORRERY_NATS_URL: {
    kind: 'natsUrl',
    secret: true,
    absent: 'projects push over HTTP',
    description: 'A NATS server with JetStream for the mesh (`nats://user:password@host:4222`, or `tls://…`).',
  },
  RBAC_ENABLED: {
    kind: 'boolean',
    default: 'true',
    description:
      '`false` opens the roles, never the tenants. `access.rbac` of orrery.yaml wins, and may change while the hub runs.',
  },
  ENABLE_SELF_HEALING: {
    kind: 'boolean',
    default: 'false',
    description: 'Lets the repair agents act, where `repair.enabled` in the file does not say otherwise.',
  },
  OIDC_ISSUER: {
    kind: 'httpUrl',
    description: 'The OpenID provider whose people and tokens are accepted; `access.oidc` of the file wins.',
  },
  OIDC_AUDIENCE: {
    kind: 'text',
    absent: 'no bearer token is accepted',
    description: 'The audience that a bearer token must name.',
  },
  OIDC_CLIENT_ID: {
    kind: 'text',
    absent: 'nobody signs in to the console by the provider',
    description: 'Who the console is toward the provider.',
  },
  OIDC_CLIENT_SECRET: {
    kind: 'secret',
    secret: true,
    absent: 'the console is a public client (PKCE alone)',
    description: "The client's secret.",
  },
  KAFKA_BROKERS: {
    kind: 'hostPorts',
    absent: 'the tables alone',
    description: 'Kafka brokers (`host:port`, separated by commas) that get a copy of every audit record.',
  },
  GRAFANA_URL: {
    kind: 'httpUrl',
    absent: 'no annotations',
    description:
      'A Grafana that gets annotations of AI calls and heal attempts. A private address needs `network.allowPrivate`.',
  },
  GRAFANA_API_KEY: { kind: 'secret', secret: true, absent: 'no annotations', description: 'Its API key.' },
  ORRERY_PLATFORMS: {
    kind: 'platforms',
    absent: 'the file alone says what there is',
    description:
      'Makes a project of each `name=url` of a list separated by commas (`shop.example=https://shop.example/,…`); the address is asked every 5 s. The slug is the name with `-` for its dots. What the file declares wins.',
  },
  LEADSITE_AI_URL: {
    kind: 'httpUrl',
    absent: 'no project is made',
    description: 'The same for leadsite.ai alone.',
  },
  LEADSITE_IO_URL: {
    kind: 'httpUrl',
    absent: 'no project is made',
    description: 'The same for leadsite.io alone.',
  },
  CLIENTCONTACT_URL: {
    kind: 'httpUrl',
    absent: 'no project is made',
    description: 'The same for clientcontact.io alone.',
  },
  VIDEOSITE_URL: {
    kind: 'httpUrl',
    absent: 'no project is made',
    description: 'The same for videosite.io alone.',
  },
  TACKLEAI_URL: {
    kind: 'httpUrl',
    absent: 'no project is made',
    description: 'The same for tackle.io alone.',
  },
  API_RESPONSE_THRESHOLD_MS: {
    kind: 'positive',
    absent: 'projects have the limits that they declare',
    description: 'A limit on `performance.latency_p95_ms` for every project that declares none for it.',
  },
  DB_QUERY_THRESHOLD_MS: {
    kind: 'positive',
    absent: 'projects have the limits that they declare',
    description: 'The same on `db.query_p95_ms`.',
  },
  MEMORY_THRESHOLD_PERCENT: {
    kind: 'positive',
    absent: 'projects have the limits that they declare',
    description: 'The same on `process.memory_percent`: of what the process may have, or the machine has.',
  },
  CPU_THRESHOLD_PERCENT: {
    kind: 'positive',
    absent: 'projects have the limits that they declare',
    description: 'The same on `process.cpu_percent`: of one core, so that it may go beyond 100.',
  },
  ANTHROPIC_API_KEY: {
    kind: 'secret',
    secret: true,
    absent: 'no provider is made',
    description: 'Makes the AI provider `claude`, or is the key of a declared one of Anthropic that has none.',
  },
  OPENAI_API_KEY: {
    kind: 'secret',
    secret: true,
    absent: 'no provider is made',
    description: 'Makes the AI provider `openai`, or is the key of a declared one of OpenAI that has none.',
  },
  OLLAMA_URL: {
    kind: 'httpUrl',
    absent: 'no provider is made',
    description: 'Makes the local AI provider `ollama`, or is the URL of a declared one that has none.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    kind: 'httpUrl',
    absent: 'nothing is traced',
    description: 'A collector that takes traces by OTLP over HTTP (`http://127.0.0.1:4318`); `/v1/traces` is added.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    kind: 'headers',
    secret: true,
    absent: 'none',
    description: 'Headers that go to that collector: `name=value` pairs separated by commas, values percent-encoded.',
  },
  REDIS_URL: { kind: 'redisUrl', secret: true, reserved: true, description: 'A Redis for sessions of conversations.' },
});

export type VariableName = keyof typeof VARIABLES;
export const VARIABLE_NAMES = Object.keys(VARIABLES) as VariableName[];
