import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  ChannelDeclaration,
  FileDeclaration,
  HealPolicy,
  ProbeDeclaration,
  ProjectDeclaration,
  ProjectInput,
} from './index.ts';

const SCHEMES = [
  'file:///etc/passwd',
  'gopher://127.0.0.1/',
  'data:text/plain,x',
  'ftp://127.0.0.1/',
  'blob:http://127.0.0.1/x',
  'view-source:http://127.0.0.1/',
  'unix:/var/run/docker.sock',
  '\\\\host\\share',
  '//host/share',
  'javascript:alert(1)',
  'jar:http://127.0.0.1!/',
  'ldap://127.0.0.1/',
  'ws://127.0.0.1/',
  'http:',
  'http://',
  '/etc/passwd',
  '',
];

const channel = (more: object) => ({ name: 'c', to: ['a@b.c'], ...more });
/** Everything that a declaration can name to be reached, and how it is declared with that target. */
const PLACES: Record<string, (target: string) => [schema: z.ZodType, declared: unknown]> = {
  hubUrl: (hubUrl) => [ProjectDeclaration, { slug: 'v', name: 'V', hubUrl }],
  'hubUrl of a project that is added': (hubUrl) => [ProjectInput, { hubUrl }],
  'http.url': (url) => [ProbeDeclaration, { kind: 'http', url }],
  'instance.url': (url) => [ProbeDeclaration, { kind: 'instance', url }],
  'prometheus.url': (url) => [ProbeDeclaration, { kind: 'prometheus', url }],
  'promql.url': (url) => [ProbeDeclaration, { kind: 'promql', url, queries: [{ metric: 'm', query: 'up' }] }],
  'docker.url': (url) => [ProbeDeclaration, { kind: 'docker', container: 'c', url }],
  'docker.socket': (socket) => [ProbeDeclaration, { kind: 'docker', container: 'c', socket }],
  'postgres.url': (url) => [ProbeDeclaration, { kind: 'postgres', url }],
  'url of a database that is looked at': (url) => [
    ProjectDeclaration,
    { slug: 'v', name: 'V', hubUrl: 'http://h', performance: { postgres: { url } } },
  ],
  serverName: (serverName) => [
    ProjectDeclaration,
    {
      slug: 'v',
      name: 'V',
      hubUrl: 'http://h',
      performance: { postgres: { url: 'postgres://h', tls: { serverName } } },
    },
  ],
  'redis.url': (url) => [ProbeDeclaration, { kind: 'redis', url }],
  'tcp.host': (host) => [ProbeDeclaration, { kind: 'tcp', host, port: 80 }],
  'tls.host': (host) => [ProbeDeclaration, { kind: 'tls', host }],
  'tls.serverName': (serverName) => [ProbeDeclaration, { kind: 'tls', host: 'h', serverName }],
  'dns.name': (name) => [ProbeDeclaration, { kind: 'dns', name }],
  'dns.server': (server) => [ProbeDeclaration, { kind: 'dns', name: 'h', server }],
  'selfCheck.host': (host) => [FileDeclaration, { network: { selfCheck: [{ host, port: 80 }] } }],
  url: (url) => [FileDeclaration, { mesh: { meta: { url, key: 'k' } } }],
  'email.smtpUrl': (smtpUrl) => [ChannelDeclaration, channel({ kind: 'email', smtpUrl })],
  'slack.url': (url) => [ChannelDeclaration, { name: 'c', kind: 'slack', url }],
  'webhook.url': (url) => [ChannelDeclaration, { name: 'c', kind: 'webhook', url }],
  'alertmanager.url': (url) => [ChannelDeclaration, { name: 'c', kind: 'alertmanager', url }],
  'grafana.url': (url) => [ChannelDeclaration, { name: 'c', kind: 'grafana', url, token: 't' }],
  'template.url': (url) => [ChannelDeclaration, { name: 'c', kind: 'template', url, body: '{}' }],
  'url of a model provider': (url) => [FileDeclaration, { ai: { providers: [{ name: 'own', url }] } }],
  'webhook.url of a remedy': (url) => [HealPolicy, { name: 'p', remedy: { kind: 'webhook', url } }],
  'docker.url of a remedy': (url) => [HealPolicy, { name: 'p', remedy: { kind: 'docker', container: 'c', url } }],
  'docker.socket of a remedy': (socket) => [
    HealPolicy,
    { name: 'p', remedy: { kind: 'docker', container: 'c', socket } },
  ],
  'socket of an engine that is healed': (socket) => [
    FileDeclaration,
    { projects: [{ slug: 'v', name: 'V', hubUrl: 'http://h' }], autoheal: [{ project: 'v', socket }] },
  ],
};
/** A path of the hub's own machine is what a socket is. */
const PATHS = new Set(['docker.socket', 'docker.socket of a remedy', 'socket of an engine that is healed']);

describe.each(Object.entries(PLACES))('%s', (place, declare) => {
  test.each(SCHEMES)('takes no %j', (target) => {
    if (PATHS.has(place) && target.startsWith('/')) return;
    const [schema, declared] = declare(target);
    const result = schema.safeParse(declared);
    expect(result.success).toBe(false);
    const leaf = place.split(' ')[0]?.split('.').at(-1);
    expect(result.error?.issues.some(({ path }) => path.includes(leaf ?? ''))).toBe(true);
  });
});

test('every field of the file that names a target is among them', () => {
  const found = new Set<string>();
  const walk = (node: unknown, kind: string | undefined) => {
    if (typeof node !== 'object' || node === null) return;
    const { properties } = node as { properties?: Record<string, { const?: string }> };
    const own = properties?.kind?.const ?? kind;
    for (const name of Object.keys(properties ?? {}))
      if (/url$|^(host|server|serverName|socket)$/i.test(name)) found.add(own === undefined ? name : `${own}.${name}`);
    for (const part of Object.values(node)) walk(part, own);
  };
  walk(z.toJSONSchema(FileDeclaration, { io: 'input', unrepresentable: 'any' }), undefined);
  // TLS options are one shape wherever they stand.
  const known = new Set([...Object.keys(PLACES).map((place) => place.split(' ')[0] ?? ''), 'host']);
  expect([...found].filter((name) => !known.has(name) && !name.endsWith('.serverName'))).toEqual([]);
  expect(found.size).toBeGreaterThan(15);
});

test.each([
  ['h', true],
  ['example.com', true],
  ['example.com.', true],
  ['_sip._tcp.example.com', true],
  ['192.0.2.1', true],
  ['2001:db8::1', true],
  ['l'.repeat(63), true],
  ['l'.repeat(64), false],
  ['x..y', false],
  ['-a.b', false],
  ['a b', false],
])('%j is a host name: %j', (host, expected) =>
  expect(ProbeDeclaration.safeParse({ kind: 'tcp', host, port: 80 }).success).toBe(expected),
);

test('a host name that almost is one is refused at once', () => {
  const started = performance.now();
  // One more letter doubles the time of a pattern that tries every way to split them.
  for (const host of [`${'a'.repeat(27)}!`, `${'a.'.repeat(120)}!`, `${'a-'.repeat(120)}!`])
    expect(ProbeDeclaration.safeParse({ kind: 'tcp', host, port: 80 }).success).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});
