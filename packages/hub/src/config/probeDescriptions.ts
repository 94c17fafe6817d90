/** What each key of a probe means, by kind; what several kinds share stands once. */
const timed = {
  interval: 'Time from one check to the next.',
  timeout: 'Longest that one whole check may take.',
  failAfter:
    'Failed checks in a row until the service is down. The second comes within 0.2 s of the first, further ones at the interval.',
  recoverAfter: 'Good checks in a row until it is up again.',
  quorum: 'How many hubs must see a failure before it counts; of fewer living hubs, most of them.',
};
const slow = { slowAfter: 'Slower than this is degraded, not down.' };
const tls = {
  tls: 'How to speak TLS, as PEM text (usually references).',
  'tls.ca': "Whom to trust in place of the system's authorities.",
  'tls.cert': 'The certificate that the hub shows.',
  'tls.key': 'Its private key (a secret: write a reference).',
  'tls.serverName': 'The name that the certificate must be for; the host when absent.',
};
const web = {
  headers: 'Headers to send; their values are secrets.',
  basicAuth: 'User name and password to send.',
  'basicAuth.username': 'The user name.',
  'basicAuth.password': 'The password (a secret: write a reference).',
  bearer: 'A token to send as `Authorization: Bearer` (a secret: write a reference).',
  ...tls,
};

const KINDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  http: {
    kind: '`http`.',
    url: 'The address that is asked.',
    method: 'The method that it is asked with.',
    body: 'What is sent (a secret where it holds one: write a reference).',
    followRedirects:
      'How many redirects are followed; each new address is checked like the first. Credentials stay with the first origin.',
    status: 'Accepted status codes; 200 to 299 when absent.',
    keyword: 'Text that the body must hold.',
    json: 'A value that the JSON body must hold.',
    'json.path': 'Where the value stands: `data.queue.depth`, `items[0].ok`.',
    'json.equals': 'What it must be.',
    ...web,
    ...timed,
    ...slow,
  },
  instance: {
    kind: '`instance`.',
    url: "The instance's address; the project's `hubUrl` when absent.",
    metrics: 'Whether its metrics are collected.',
    logs: 'Whether its logs are collected.',
    ...timed,
    ...slow,
  },
  heartbeat: {
    kind: '`heartbeat`: a job calls its own URL; silence is the failure.',
    interval: 'How often the job promises to call.',
    grace: 'How late a call may be before it counts as missing.',
  },
  prometheus: {
    kind: '`prometheus`: a page in Prometheus or OpenMetrics text; each series becomes a metric.',
    url: 'The page: `http://host:9100/metrics`.',
    metrics: 'Names of metrics to keep, `*` for any run of characters; all of them when absent.',
    maxSeries: 'How many series are kept; the rest is left out and counted.',
    ...web,
    ...timed,
    ...slow,
  },
  tcp: {
    kind: '`tcp`: a port takes connections.',
    host: 'The host.',
    port: 'The port.',
    send: 'Text to send once the connection stands (a secret where it holds one: write a reference).',
    expect: 'Text that the first 4,096 bytes of the answer must hold.',
    ...timed,
    ...slow,
  },
  dns: {
    kind: '`dns`: a name has a record.',
    name: 'The name to ask for.',
    record: 'The type of record.',
    expect: 'Values that must be among the answers: MX as `10 mail.example.com`, SRV as `10 5 5060 host`.',
    server: "The name server to ask, an IP address with or without a port; the system's when absent.",
    ...timed,
    ...slow,
  },
  tls: {
    kind: '`tls`: a certificate is good, and for how long.',
    host: 'The host.',
    port: 'The port.',
    serverName: 'The name that the certificate must be for; the host when absent.',
    ca: "Whom to trust in place of the system's authorities, as PEM text.",
    ...timed,
  },
  postgres: {
    kind: '`postgres`: a PostgreSQL server answers a query.',
    url: 'The server: `postgres://user:password@host:5432/database` (the password is a secret: write a reference). `?sslmode=require`, `verify-ca` or `verify-full` encrypts.',
    query: 'One statement, run in a read-only transaction; `SELECT 1` when absent.',
    expect: 'What the first column of the first row must be, as text.',
    ...tls,
    ...timed,
    ...slow,
  },
  redis: {
    kind: '`redis`: a Redis server answers PING.',
    url: 'The server: `redis://user:password@host:6379/0`, `rediss://` for TLS (the password is a secret: write a reference).',
    ...tls,
    ...timed,
    ...slow,
  },
  docker: {
    kind: '`docker`: a container runs and is healthy.',
    container: "The container's name or id.",
    socket:
      "The engine's socket on the hub's own machine; `/var/run/docker.sock` when neither this nor `url` is given.",
    url: "The engine's address, in place of a socket: `https://docker-host:2376`.",
    stopped:
      'What a container is that came to its end with 0 or that somebody stopped (exit codes 130, 137, 143): `down` or `degraded`.',
    ...tls,
    ...timed,
  },
  promql: {
    kind: '`promql`: queries to a Prometheus server; each value becomes a metric.',
    url: 'The server: `http://prometheus:9090`.',
    queries: 'What is asked.',
    'queries[].metric': 'The name under which the values are kept; their labels become tags.',
    'queries[].query': 'The query: `sum(rate(http_requests_total[5m]))`.',
    'queries[].unit': 'The unit of the values: `ms`, `%`, `bytes`.',
    ...web,
    ...timed,
    ...slow,
  },
};

export const PROBE_DESCRIPTIONS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(KINDS).flatMap(([kind, keys]) =>
    Object.entries(keys).map(([key, text]) => [`projects[].services[].probes[].${kind}.${key}`, text]),
  ),
);
