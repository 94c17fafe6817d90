import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { audit, type Caller, systemCaller } from '../access/index.ts';
import { createEvents } from '../events/index.ts';
import { systemClock } from '../platform/clock.ts';
import { createOutbound, type Outbound } from '../platform/outbound.ts';
import { createSecrets } from '../platform/secrets.ts';
import { silentLog, temporaryDatabase } from '../platform/testing.ts';
import { type Catalog, createCatalog } from './catalog.ts';
import type { CatalogTables } from './tables.ts';
import { NO_FACTS, type ProjectFacts, statusOf } from './views.ts';

const staff = systemCaller('test');
const reader: Caller = { ...staff, kind: 'key', permissions: new Set(['ops:view']) };
let database: Awaited<ReturnType<typeof temporaryDatabase>>;
let outbound: Outbound;
let catalog: Catalog;
let changes: number;
const servers: Server[] = [];
const facts = new Map<string, ProjectFacts>();

async function instance(answers: Record<string, { status?: number; body: string }>): Promise<string> {
  const server = createServer((request, response) => {
    const found = answers[request.url ?? ''];
    response
      .writeHead(found ? (found.status ?? 200) : 404, { 'content-type': 'application/json' })
      .end(found?.body ?? '{}');
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(async () => {
  database = await temporaryDatabase();
  outbound = createOutbound({ clock: systemClock, allowPrivate: true });
  facts.clear();
  changes = 0;
  const events = createEvents({ db: database.db, clock: systemClock, log: silentLog });
  catalog = createCatalog({
    db: database.db,
    clock: systemClock,
    log: silentLog,
    secrets: createSecrets('k'.repeat(40)),
    outbound,
    appendEvents: events.append,
    audit,
    tenantExists: async () => false,
    facts: async () => facts,
    offlineAfterMs: () => 600_000,
    halfLifeMs: () => 86_400_000,
  });
  catalog.onChange(() => changes++);
});
const withDefaultKey = (defaultApiKey: string) =>
  createCatalog({
    db: database.db,
    clock: systemClock,
    log: silentLog,
    secrets: createSecrets('k'.repeat(40)),
    outbound,
    appendEvents: async () => undefined,
    audit,
    tenantExists: async () => false,
    facts: async () => facts,
    defaultApiKey,
    offlineAfterMs: () => 600_000,
    halfLifeMs: () => 86_400_000,
  });
afterEach(async () => {
  await outbound.close();
  for (const server of servers.splice(0)) server.close();
  await database.close();
});

const capabilities = JSON.stringify({
  project: 'veria',
  name: 'Veria',
  tools: ['vault'],
  endpoints: { graph: '/api/graph', evil: '//elsewhere/x' },
  events: [],
  actions: ['cache.clear'],
  version: '0.9.0',
});
const health = JSON.stringify({
  status: 'healthy',
  checks: { database: true },
  timestamp: '2026-11-21T03:00:00Z',
  version: '0.9.0',
});
const veria = () =>
  instance({
    '/api/capabilities': { body: capabilities },
    '/api/health': { body: health },
    '/api/graph': { body: '{}' },
  });

describe('adding a project', () => {
  it('needs its URL alone: the rest is asked of the instance', async () => {
    const added = await catalog.add(staff, { hubUrl: `${await veria()}/` }, { dryRun: false });
    expect(added.project).toMatchObject({
      slug: 'veria',
      name: 'Veria',
      meshNs: 'veria.mesh',
      declaredIn: { source: 'api' },
      hasApiKey: true,
    });
    expect(added.declaration.services).toMatchObject([
      { name: 'api', probes: [{ kind: 'instance', interval: '15s' }] },
    ]);
    expect(added.ingestKey).toMatch(/^orp_/);
    expect(await catalog.projectByIngestKey(added.ingestKey ?? '')).toBe('veria');
    expect(await catalog.projectByIngestKey('orp_other')).toBeUndefined();
    expect(await catalog.apiKeyOf('veria')).toBe(added.ingestKey);
    expect(changes).toBe(1);
  });

  it('stores the key neither in clear nor in what is shown', async () => {
    const added = await catalog.add(staff, { hubUrl: await veria(), apiKey: 'a-very-secret-key' }, { dryRun: false });
    expect(added.ingestKey).toBeUndefined();
    const rows = await database.db.withTables<CatalogTables>().selectFrom('projects').selectAll().execute();
    expect(
      JSON.stringify([rows, added, await catalog.get(staff, 'veria'), await catalog.declarations()]),
    ).not.toContain('a-very-secret-key');
  });

  it('shows no secret that an address carries, neither to readers nor in the audit trail', async () => {
    const url = await veria();
    const secret = 'Canary7f3a';
    const address = `${url.replace('//', `//u:${secret}@`)}/x`;
    const added = await catalog.add(
      staff,
      {
        hubUrl: address,
        slug: 'veria',
        services: [{ name: 'api', probes: [{ kind: 'http', url: `${url}/?token=${secret}` }] }],
      },
      { dryRun: false },
    );
    await catalog.verify('veria');
    const read = [await catalog.list(reader), await catalog.get(reader, 'veria')];
    await catalog.remove(staff, 'veria');
    const trail = await sql`SELECT before_state, after_state FROM audit`.execute(database.db);
    expect(JSON.stringify([added, read, trail.rows])).not.toContain(secret);
    expect(trail.rows).toHaveLength(2);
  });

  it('is asked with the key that all share, and pushes with one of its own', async () => {
    const shared = withDefaultKey('the-key-of-all');
    const added = await shared.add(staff, { hubUrl: await veria() }, { dryRun: false });
    expect(await shared.apiKeyOf('veria')).toBe('the-key-of-all');
    expect(await shared.projectByIngestKey(added.ingestKey ?? '')).toBe('veria');
    expect(await shared.projectByIngestKey('the-key-of-all')).toBeUndefined();
  });

  it('shows first what it would do, and stores nothing', async () => {
    const preview = await catalog.add(staff, { hubUrl: await veria() }, { dryRun: true });
    expect([preview.dryRun, preview.project.slug, preview.ingestKey]).toEqual([true, 'veria', undefined]);
    expect(await catalog.list(staff)).toEqual([]);
    expect(changes).toBe(0);
  });

  it('watches a plain web address as what it is', async () => {
    const url = await instance({ '/': { body: '<html>' } });
    const added = await catalog.add(staff, { hubUrl: url, slug: 'site' }, { dryRun: false });
    expect(added.declaration.services[0]?.probes).toMatchObject([{ kind: 'http', url }]);
    expect(added.warnings.join()).toMatch(/address itself is watched/);
  });

  it('says why when nobody answers, unless it is told the slug to wait by', async () => {
    const gone = 'http://127.0.0.1:1';
    await expect(catalog.add(staff, { hubUrl: gone }, { dryRun: false })).rejects.toMatchObject({
      code: 'unprocessable',
      fields: [{ field: 'body.hubUrl' }],
    });
    const added = await catalog.add(staff, { hubUrl: gone, slug: 'later' }, { dryRun: false });
    expect(added.warnings.join()).toMatch(/cannot be reached now/);
  });

  it('of an instance that calls itself nothing takes the slug for a name', async () => {
    const url = await instance({
      '/api/capabilities': { body: JSON.stringify({ project: 'quiet', name: ' ', version: '1' }) },
    });
    const added = await catalog.add(staff, { hubUrl: url }, { dryRun: true });
    expect(added.project).toMatchObject({ slug: 'quiet', name: 'Quiet' });
  });

  it('asks for what nobody can guess', async () => {
    const url = await instance({
      '/api/capabilities': { body: JSON.stringify({ project: 'quiet', name: 'a\nb', version: '1' }) },
    });
    await expect(catalog.add(staff, { hubUrl: url }, { dryRun: true })).rejects.toMatchObject({
      code: 'unprocessable',
      fields: [{ field: 'body.name' }],
    });
  });

  it('of two at once stores one and tells the other', async () => {
    const hubUrl = await veria();
    const results = await Promise.allSettled([
      catalog.add(staff, { hubUrl }, { dryRun: false }),
      catalog.add(staff, { hubUrl }, { dryRun: false }),
    ]);
    expect(results.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((r) => r.status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } });
  });

  it('is for those who may configure', async () => {
    await expect(catalog.add(reader, { hubUrl: 'http://127.0.0.1:1' }, { dryRun: true })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(
      catalog.add({ ...staff, projects: ['veria'] }, { hubUrl: 'http://127.0.0.1:1' }, { dryRun: true }),
    ).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('what the file declares', () => {
  const declared = (slug: string, more: object = {}) => ({
    declaration: {
      slug,
      name: slug,
      hubUrl: 'http://127.0.0.1:1',
      tags: [],
      teams: [],
      allowFanout: [],
      dependsOn: [],
      edges: [],
      services: [],
      thresholds: [],
      ...more,
    },
    ref: 'orrery.yaml:3',
  });

  it('is what is stored, after every change of it', async () => {
    expect(await catalog.sync([declared('a'), declared('b', { apiKey: 'key-of-b' })])).toEqual({
      added: ['a', 'b'],
      changed: [],
      removed: [],
    });
    expect(await catalog.sync([declared('a'), declared('b', { apiKey: 'key-of-b' })])).toEqual({
      added: [],
      changed: [],
      removed: [],
    });
    expect(changes).toBe(1);
    expect(await catalog.sync([declared('b', { apiKey: 'another key' }), declared('c')])).toEqual({
      added: ['c'],
      changed: ['b'],
      removed: ['a'],
    });
    expect(await catalog.apiKeyOf('b')).toBe('another key');
    expect((await catalog.list(staff)).map((p) => [p.slug, p.declaredIn])).toEqual([
      ['b', { source: 'file', ref: 'orrery.yaml:3' }],
      ['c', { source: 'file', ref: 'orrery.yaml:3' }],
    ]);
  });

  it('cannot be removed elsewhere, and leaves alone what was added elsewhere', async () => {
    await catalog.add(staff, { hubUrl: await veria() }, { dryRun: false });
    await catalog.sync([declared('a')]);
    await expect(catalog.remove(staff, 'a')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('orrery.yaml:3'),
    });
    await catalog.sync([]);
    expect((await catalog.list(staff)).map((p) => p.slug)).toEqual(['veria']);
    await catalog.remove(staff, 'veria');
    await expect(catalog.get(staff, 'veria')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('names no project by a key that several share', async () => {
    await catalog.sync([declared('a', { apiKey: 'shared' }), declared('b', { apiKey: 'shared' })]);
    expect(await catalog.projectByIngestKey('shared')).toBeUndefined();
  });
});

describe('what is seen of a project', () => {
  it('is remembered by its newest time, whatever order it comes in', async () => {
    await catalog.add(staff, { hubUrl: await veria() }, { dryRun: false });
    const at = Date.now();
    catalog.observe([{ project: 'veria', at }]);
    catalog.observe([{ project: 'veria', at: at - 5000, version: '1.0.0' }]);
    await catalog.flushSightings();
    catalog.observe([{ project: 'veria', at: at - 9000 }]);
    await catalog.flushSightings();
    expect(await catalog.get(staff, 'veria')).toMatchObject({
      lastSeenAt: new Date(at).toISOString(),
      version: '1.0.0',
      status: 'online',
    });
  });

  it('is written within a moment when it is the first, and told of once', async () => {
    await catalog.add(staff, { hubUrl: await veria() }, { dryRun: false });
    catalog.observe([{ project: 'veria', at: Date.now() }]);
    await until(async () => (await catalog.get(staff, 'veria')).lastSeenAt !== null, { what: 'it was seen' });
    catalog.observe([{ project: 'veria', at: Date.now() + 1 }]);
    await catalog.flushSightings();
    const { rows: told } = await sql`SELECT type FROM events WHERE type = 'project.seen'`.execute(database.db);
    expect(told).toHaveLength(1);
  });

  it('includes which endpoints answer, on its own address only', async () => {
    await catalog.add(staff, { hubUrl: await veria() }, { dryRun: false });
    await catalog.verify('veria');
    const { endpoints, capabilities: manifest } = await catalog.get(staff, 'veria');
    expect(endpoints.map((e) => [e.name, e.status, e.reason])).toEqual([
      ['capabilities', 'ok', undefined],
      ['graph', 'ok', undefined],
      ['health', 'ok', undefined],
      ['logs', 'error', 'HTTP 404'],
      ['metrics', 'error', 'HTTP 404'],
    ]);
    expect(manifest?.actions).toEqual(['cache.clear']);
  });

  it('is hidden from a caller of other projects', async () => {
    await catalog.add(staff, { hubUrl: await veria() }, { dryRun: false });
    const other: Caller = { ...reader, projects: ['performia'] };
    expect(await catalog.list(other)).toEqual([]);
    await expect(catalog.get(other, 'veria')).rejects.toMatchObject({
      code: 'not_found',
      message: 'No project "veria".',
    });
    await expect(catalog.get(staff, 'none')).rejects.toMatchObject({
      code: 'not_found',
      message: 'No project "none".',
    });
  });

  const up = { status: 'up' as const, latencyMs: 5 };
  const down = { status: 'down' as const, latencyMs: null };
  it.each([
    ['never heard of', null, [], 'offline'],
    ['heard of just now', 0, [], 'online'],
    ['all up', 0, [up, up], 'online'],
    ['one down', 0, [up, down], 'degraded'],
    ['all down', 0, [down, down], 'offline'],
    ['silent for ten minutes', 600_000, [up], 'online'],
    ['silent for longer', 600_001, [up], 'offline'],
  ] as const)('%s it is shown as it is', (_what, ago, probes, status) => {
    expect(statusOf(ago === null ? null : 1_000_000 - ago, { ...NO_FACTS, probes }, 1_000_000, 600_000)).toBe(status);
  });
});
