import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { choosePorts, type Fleet, fleetConfig, startFleet } from '@orrery/fleet';
import { Capabilities, FileDeclaration, Health, Logs, Metrics } from '@orrery/protocol';
import { deriveProjectKey, signBody } from '@orrery/protocol/signing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { FLEET_KEYS } from '../services/fleet.ts';
import { until } from '../services/until.ts';

/** The fleet by itself, without a hub: that what the other suites rely on is as they think. */
const MESH_KEY = 'mesh-key-of-the-fleet-suite-0001';
const SLUGS = ['veria', 'performia', 'rollizr'] as const;
let fleet: Fleet;
let dir: string;
let admin: pg.Client;
const database = `veria_${randomBytes(6).toString('hex')}`;

beforeAll(async () => {
  const url = new URL(inject('postgresUrl'));
  admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${database}`);
  url.pathname = `/${database}`;
  dir = mkdtempSync(join(tmpdir(), 'orrery-fleet-'));
  fleet = await startFleet({
    dir,
    apiKeys: FLEET_KEYS,
    ports: await choosePorts({ anyFree: true }),
    meshKey: MESH_KEY,
    veriaDatabaseUrl: url.href,
    traffic: { peak: 4, startHour: 14, seed: 3 },
  });
});
afterAll(async () => {
  await fleet?.stop();
  await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  await admin.end();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

type Slug = (typeof SLUGS)[number];
const ask = (slug: Slug, path: string, init: RequestInit = {}) =>
  fetch(fleet.product(slug).url + path, { signal: AbortSignal.timeout(1500), ...init });
const read = async (slug: Slug, path: string): Promise<unknown> =>
  (await ask(slug, path, { headers: { 'x-api-key': FLEET_KEYS[slug] } })).json();

describe.each(SLUGS)('%s', (slug) => {
  test('speaks the contract: health, metrics, logs, capabilities', async () => {
    expect(Health.parse(await read(slug, '/api/health')).status).toBe('healthy');
    const { metrics } = Metrics.parse(await read(slug, '/api/metrics'));
    expect(metrics).toHaveProperty('revenue_24h');
    expect(metrics).toHaveProperty('active_users');
    expect(Capabilities.parse(await read(slug, '/api/capabilities'))).toMatchObject({ project: slug });
    await until(async () => Logs.parse(await read(slug, '/api/logs')).entries.length > 3, {
      what: 'log lines of visitors',
    });
    expect((await ask(slug, '/api/metrics')).status).toBe(401);
  });

  test('works for its visitors without an error, and traces them by route', async () => {
    await until(
      async () => Number(Metrics.parse(await read(slug, '/api/metrics')).metrics['performance.requests']) > 20,
      {
        timeoutMs: 20_000,
        what: 'visitors',
      },
    );
    const { metrics } = Metrics.parse(await read(slug, '/api/metrics'));
    expect(metrics['performance.error_rate']).toBe(0);
    expect(metrics['db.errors']).toBe(0);
    expect(metrics['db.queries']).toBeGreaterThan(20);
    const { entries } = Logs.parse(await read(slug, '/api/logs?limit=1000&level=error'));
    expect(entries.filter((entry) => !entry.message.startsWith('Render failed'))).toEqual([]);
  });

  test('shows each fault, and is well after it', async () => {
    const product = fleet.product(slug);
    const health = () => ask(slug, '/api/health');
    await product.fault('slow');
    const from = performance.now();
    expect((await ask(slug, '/api/health', { signal: AbortSignal.timeout(4000) })).status).toBe(200);
    expect(performance.now() - from).toBeGreaterThan(800);
    await product.fault('errors');
    await until(async () => (await health()).status === 503, { what: 'unhealthy' });
    await product.fault('hang');
    await expect(health()).rejects.toThrow(/timeout/i);
    await product.fault('badjson');
    const broken = await health();
    expect(broken.headers.get('content-type')).toContain('json');
    await expect(broken.json()).rejects.toThrow();
    await product.fault('down');
    await expect(health()).rejects.toThrow(/fetch failed/);
    await product.fault('none');
    await until(async () => (await health()).status === 200, { what: 'well again' });
  });

  test('ends when it is stopped and starts with what it had', async () => {
    const product = fleet.product(slug);
    const before = Metrics.parse(await read(slug, '/api/metrics')).metrics.revenue_24h;
    const { pid } = product;
    await product.stop();
    expect(() => process.kill(pid, 0)).toThrow();
    await expect(ask(slug, '/api/health')).rejects.toThrow();
    await product.start();
    expect(product.pid).not.toBe(pid);
    expect(Metrics.parse(await read(slug, '/api/metrics')).metrics.revenue_24h).toBeGreaterThanOrEqual(Number(before));
  });

  test('runs a signed action once, however often it is sent', async () => {
    const body = JSON.stringify({ action: 'audit.security', requestedBy: 'suite', requestId: 'r1' });
    const signed = signBody([deriveProjectKey(MESH_KEY, slug)], `msg_${slug}`, new Date(), body);
    const post = () =>
      ask(slug, '/api/actions', { method: 'POST', headers: { ...signed, 'content-type': 'application/json' }, body });
    const [one, two] = [await post(), await post()];
    expect([one.status, two.status]).toEqual([202, 202]);
    const { auditId } = (await one.json()) as { auditId: string };
    expect(await two.json()).toMatchObject({ auditId });
    await until(
      async () => ((await read(slug, `/api/actions/${auditId}`)) as { status: string }).status === 'succeeded',
      { what: 'the run' },
    );
    const scans = Logs.parse(await read(slug, '/api/logs?limit=1000')).entries.filter((entry) =>
      entry.message.startsWith('Dependency scan'),
    );
    expect(scans.length).toBeLessThanOrEqual(2); // The one at the start, and ours.
  });
});

test('memory grows under "leak", within its limit, and comes back', async () => {
  const product = fleet.product('performia');
  const rss = async () => Number(Metrics.parse(await read('performia', '/api/metrics')).metrics['process.rss_bytes']);
  const before = await rss();
  await product.fault('leak');
  await until(async () => (await rss()) - before > 12 * 1024 * 1024, {
    timeoutMs: 15_000,
    everyMs: 500,
    what: 'growth',
  });
  await product.fault('none');
});

test('ROLLIZR has Veria write its invoices, and Veria keeps them in PostgreSQL', async () => {
  const client = new pg.Client({
    connectionString: Object.assign(new URL(inject('postgresUrl')), { pathname: `/${database}` }).href,
  });
  await client.connect();
  try {
    await until(
      async () => (await client.query("SELECT 1 FROM invoices WHERE order_ref LIKE 'ord_%' LIMIT 1")).rowCount === 1,
      {
        timeoutMs: 30_000,
        what: 'an invoice for an order',
      },
    );
  } finally {
    await client.end();
  }
});

test('the command that breaks things is understood, and its token is nobody else’s to read', async () => {
  const file = join(dir, 'rollizr.control.json');
  expect(statSync(file).mode & 0o077).toBe(0);
  const { control } = JSON.parse(readFileSync(file, 'utf8'));
  expect((await fetch(control, { method: 'POST', body: '{"fault":"down"}' })).status).toBe(401);
  const fault = (...args: string[]) =>
    promisify(execFile)(process.execPath, [
      fileURLToPath(new URL('../../examples/fleet/src/fault.ts', import.meta.url)),
      ...args,
      '--dir',
      dir,
    ]);
  expect((await fault('rollizr', 'badjson')).stdout).toContain('rollizr now shows "badjson"');
  await fault('rollizr', 'none');
  await expect(fault('rollizr', 'sadness')).rejects.toThrow(/Usage/);
});

test('its configuration is one that the hub takes', () => {
  const text = fleetConfig({ ports: { veria: 1, performia: 2, rollizr: 3 }, apiKeys: FLEET_KEYS });
  expect(FileDeclaration.parse(parse(text)).projects.map((project) => project.slug)).toEqual([...SLUGS]);
});
