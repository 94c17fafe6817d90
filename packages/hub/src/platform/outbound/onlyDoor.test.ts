import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const SOURCE = join(import.meta.dirname, '../..');
const NETWORK = new Set([
  ...['http', 'https', 'http2', 'net', 'tls', 'dgram', 'dns', 'dns/promises', 'inspector'].flatMap((name) => [
    name,
    `node:${name}`,
  ]),
  ...[
    'undici',
    'ws',
    'axios',
    'got',
    'nats',
    'redis',
    'ioredis',
    'dockerode',
    'nodemailer',
    'pg',
    'pg-pool',
    '@better-fetch/fetch',
    '@platformatic/kafka',
    '@nats-io/transport-node',
    '@opentelemetry/exporter-trace-otlp-http',
  ],
]);
/** A file inside a package reaches as far as the package. */
const isNetwork = (module: string): boolean =>
  NETWORK.has(module) ||
  NETWORK.has(module.startsWith('@') ? module.split('/', 2).join('/') : (module.split('/')[0] ?? ''));
/** Names of those modules with which nothing can be reached: they judge text, or listen. */
const HARMLESS = new Set([
  'isIP',
  'isIPv4',
  'isIPv6',
  'BlockList',
  'createServer',
  'createSecureContext',
  'STATUS_CODES',
  'METHODS',
]);
/** Who may import more, and what for. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // The way out itself.
  'platform/outbound.ts': ['node:dns/promises'],
  'platform/outbound/connect.ts': ['node:net', 'node:tls'],
  'platform/outbound/exchange.ts': ['node:http'],
  'platform/outbound/names.ts': ['node:dns/promises'],
  'platform/outbound/unix.ts': ['node:net'],
  // Its connections are opened by the way out.
  'platform/outbound/pool.ts': ['undici', 'undici/lib/dispatcher/agent.js'],
  // The hub's own database, which its operator names in the environment.
  'platform/pg.ts': ['pg'],
  'platform/db.ts': ['loadPg()'],
  'platform/line.ts': ['loadPg()'],
  // Brokers that its operator names in the environment.
  'platform/kafka.ts': ['@platformatic/kafka'],
  // The NATS server that its operator names in the environment; headers alone reach nobody.
  'platform/nats.ts': ['@nats-io/transport-node'],
  'intake/mesh/mesh.ts': ['@nats-io/transport-node'],
  'intake/mesh/announcer.ts': ['@nats-io/transport-node'],
  // The trace collector, which the operator names in the environment as well.
  'platform/tracing/otlp.ts': ['@opentelemetry/exporter-trace-otlp-http'],
  // Libraries that speak over a socket which the way out has opened.
  'alerts/channels/email.ts': ['nodemailer'],
  'platform/mail.ts': ['nodemailer'],
  'intake/probes/postgres.ts': ['loadPg()'],
  'intake/probes/postgresSession.ts': ['loadPg()', 'node:tls'],
  // The drill is a client of its own: the engine and the containers that it has started, on loopback.
  'drill/grounds/container.ts': ['fetch()'],
  'drill/grounds/engine.ts': ['node:http'],
};

/** What a source file imports of the network beyond the harmless, and what it calls that reaches it without an import. */
function reachesOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
  const found = new Set<string>();
  for (const [, kind = '', names = '', module = ''] of code.matchAll(
    /\b(import|export)\s+([^;'"]*?)\bfrom\s*['"]([^'"]+)['"]/g,
  )) {
    if (!isNetwork(module) || names.startsWith('type ')) continue;
    const [, braced] = /^\{([\s\S]*)\}\s*$/.exec(names) ?? [];
    const values = braced
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type '));
    const harmless = kind === 'import' && values?.every((name) => HARMLESS.has(name.split(' ')[0] ?? ''));
    if (!harmless) found.add(module);
  }
  for (const [, module = ''] of code.matchAll(/\b(?:import|require|getBuiltinModule)\s*\(?\s*['"`]([^'"`]+)['"`]/g))
    if (isNetwork(module)) found.add(module);
  // What `createRequire` gives may be called by any name.
  if (/\bcreateRequire\b/.test(code))
    for (const [, module = ''] of code.matchAll(/['"`]([^'"`\n]+)['"`]/g)) if (isNetwork(module)) found.add(module);
  for (const [, called = ''] of code.matchAll(
    /(?<![.\w])((?:globalThis\.)?(?:fetch|WebSocket|EventSource|XMLHttpRequest|loadPg))\s*\(/g,
  ))
    found.add(`${called}()`);
  return [...found];
}

describe('the one way out', () => {
  const files = globSync('**/*.ts', { cwd: SOURCE })
    .filter((file) => !/(\.test|\.fixture|(^|\/)testing)\.ts$/.test(file))
    .map((file) => relative('.', file));

  test('is the only one: no other file of the hub reaches the network', () => {
    expect(files.length).toBeGreaterThan(200);
    const others = files.flatMap((file) => {
      const reaches = reachesOf(readFileSync(join(SOURCE, file), 'utf8'));
      return reaches.filter((what) => !ALLOWED[file]?.includes(what)).map((what) => `${file}: ${what}`);
    });
    expect(others, 'go through platform/outbound.ts, where the address policy holds').toEqual([]);
  });

  test('has no exceptions that nobody needs any more', () => {
    const idle = Object.entries(ALLOWED).flatMap(([file, modules]) => {
      const reaches = files.includes(file) ? reachesOf(readFileSync(join(SOURCE, file), 'utf8')) : [];
      return modules.filter((module) => !reaches.includes(module)).map((module) => `${file}: ${module}`);
    });
    expect(idle).toEqual([]);
  });

  test.each([
    ["import { connect } from 'node:net';", ['node:net']],
    ["import net from 'net';", ['net']],
    ["import * as tls from 'node:tls';", ['node:tls']],
    ["import {\n  isIP,\n  connect as dial,\n} from 'node:net';", ['node:net']],
    ["export { request } from 'node:http';", ['node:http']],
    ["export * from 'node:https';", ['node:https']],
    ["const net = await import('node:net');", ['node:net']],
    ["const net = require('net');", ['net']],
    ["process.getBuiltinModule('node:dgram');", ['node:dgram']],
    ["const read = createRequire(import.meta.url); read('pg');", ['pg']],
    ["read('pg');", []],
    ['const pg = loadPg();', ['loadPg()']],
    ["import 'undici';", ['undici']],
    ["await fetch('http://x');", ['fetch()']],
    ['new WebSocket(url);', ['WebSocket()']],
    ["globalThis.fetch('x')", ['globalThis.fetch()']],
    ["import { isIP, type Socket } from 'node:net';", []],
    ["import type { Socket } from 'node:net';", []],
    ['app.fetch(request);', []],
    ["// fetch('x') is not used", []],
    ['prefetch(x)', []],
  ])('%s is seen as %j', (source, reaches) => {
    expect(reachesOf(source)).toEqual(reaches);
  });
});
