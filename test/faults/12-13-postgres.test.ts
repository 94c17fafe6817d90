import type { Alert, OpsHealth, PublicHealth } from '@orrery/protocol';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { figure, seconds } from '../services/figures.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { metricOf } from '../services/memory.ts';
import { startPostgres } from '../services/postgres.ts';
import { type FakeProduct, startProduct } from '../services/product.ts';
import { until } from '../services/until.ts';
import { during } from './during.ts';
import { type Pusher, startPusher } from './pusher.ts';
import { passing } from './strangers.ts';

/** Faults 12 and 13: the database is killed and comes back, or stands but takes nothing. */
const PUSH_KEY = 'push-key-of-the-postgres-suite-1';
const EVENTS = 5000;
const PER_REQUEST = 5;
const READERS = 20;

const yaml = (product: FakeProduct) => `projects:
  - { slug: pusher, name: Pusher, hubUrl: "http://127.0.0.1:9/", meshNs: pusher.mesh, apiKey: ${PUSH_KEY} }
  - slug: watched
    name: Watched
    hubUrl: ${product.url}
    services:
      - { name: api, probes: [{ kind: http, url: "${product.url}/probed", interval: 1s, timeout: 700ms, failAfter: 1, recoverAfter: 1 }] }
network: { allowPrivate: true }
`;

async function scene() {
  const postgres = await during(startPostgres(), (opened) => opened.stop());
  const product = await during(startProduct('watched'), (opened) => opened.stop());
  const hub = await during(startHub({ yaml: yaml(product), databaseUrl: postgres.url }), (opened) => opened.dispose());
  await until(async () => (await watched(hub)).status === 'up', { what: 'the product is watched' });
  return { postgres, product, hub };
}

const health = async (hub: RunningHub) => (await hub.api.get<PublicHealth>('/health')).body?.status;
const watched = async (hub: RunningHub) => {
  const { services } = await hub.api.read<OpsHealth>('/ops/health?project=watched&history=500');
  const [service] = services;
  if (!service) throw new Error('no service');
  return service;
};

/** What PostgreSQL itself says: neither the hub's word nor its memory counts. */
async function stored(url: string, query: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(query)).rows;
  } finally {
    await client.end();
  }
}

async function lostAndDoubled(url: string, pusher: Pusher): Promise<{ lost: number; doubled: number }> {
  const rows = await stored(url, `SELECT id FROM events WHERE project = 'pusher' AND type LIKE '%tick'`);
  const ids = new Set(rows.map(({ id }) => String(id)));
  return { lost: [...pusher.acked].filter((id) => !ids.has(id)).length, doubled: rows.length - ids.size };
}

/** Whoever is put off is told so, in the form of every other error, and when to come again. */
function expectPolite(pusher: Pusher): void {
  for (const { status, retryAfter, type } of pusher.refusals) {
    expect([429, 503]).toContain(status);
    expect(type).toMatch(/problem\+json/);
    expect(Number(retryAfter)).toBeGreaterThan(0);
  }
}

test(`PostgreSQL killed three times in the middle of ${EVENTS} events: none that was acknowledged is lost, none is there twice`, async () => {
  const { postgres, product, hub } = await scene();
  const pusher = await during(
    startPusher({
      ...{ url: hub.url, slug: 'pusher', key: PUSH_KEY },
      ...{ workers: 8, eventsPerRequest: PER_REQUEST, requests: EVENTS / PER_REQUEST },
    }),
    (opened) => opened.stop(),
  );
  const backAfter: number[] = [];
  const probed = () => product.hits.filter(({ path }) => path === '/probed').length;
  const asked = probed();
  for (const [n, downMs] of [0, 2000, 500].entries()) {
    await until(() => pusher.acked.size >= (EVENTS * (n + 1)) / 5, { timeoutMs: 60_000, what: `events before ${n}` });
    await postgres.crash();
    await passing(downMs);
    await postgres.again();
    const from = performance.now();
    const answered = pusher.answers.length;
    await until(() => pusher.answers.length > answered, { what: 'events are taken again' });
    await until(async () => (await metricOf(hub, 'orrery_checks_waiting')) === 0 && (await health(hub)) === 'healthy', {
      what: 'the hub is well again',
    });
    backAfter.push(performance.now() - from);
  }
  await pusher.done;

  const { lost, doubled } = await lostAndDoubled(postgres.url, pusher);
  figure(12, `of ${pusher.acked.size} acknowledged events lost, stored twice`, `${lost}, ${doubled}`, '0, 0');
  expect(pusher.acked.size).toBe(EVENTS);
  expect(lost).toBe(0);
  expect(doubled).toBe(0);
  expectPolite(pusher);
  expect(pusher.refusals.length).toBeGreaterThan(0);
  const worst = Math.max(...backAfter);
  figure(12, 'well again after the database was back, at most', seconds(worst), '5 s');
  expect(worst).toBeLessThan(5000);
  // Probing went on all the while, every check is there, and nobody was called ill.
  const hits = probed() - asked;
  const { history, status } = await watched(hub);
  expect(status).toBe('up');
  expect(history.filter((check) => check.status !== 'up')).toEqual([]);
  figure(12, 'checks made, of which stored', `${hits}, ${Math.min(hits, history.length)}`, 'all but those under way');
  expect(history.length).toBeGreaterThanOrEqual(hits - 1);
  expect((await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=watched')).items).toEqual([]);
});

test('PostgreSQL that is locked, read-only or full: what comes is put off, what is seen waits, and nothing acknowledged is lost', async () => {
  const { postgres, product, hub } = await scene();
  const admin = await during(new pg.Client({ connectionString: postgres.url }), (client) => client.end());
  await admin.connect();
  const pusher = await during(
    startPusher({ url: hub.url, slug: 'pusher', key: PUSH_KEY, workers: 8, eventsPerRequest: 2, everyMs: 20 }),
    (opened) => opened.stop(),
  );
  const endHubsConnections = () =>
    admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'orrery'`);

  /** Lets one fault stand until the hub says so and has been seen to go on, then ends it. */
  async function fault(name: string, begin: () => Promise<unknown>, end: () => Promise<unknown>): Promise<void> {
    const refused = pusher.refusals.length;
    const began = performance.now();
    await begin();
    await until(async () => (await health(hub)) !== 'healthy', { timeoutMs: 20_000, what: `${name} is noticed` });
    const noticed = performance.now() - began;
    await until(() => pusher.refusals.length > refused + 3, { timeoutMs: 20_000, what: `${name} is answered` });
    const hits = product.hits.length;
    await until(() => product.hits.length > hits + 3, { what: `probing goes on while ${name}` });
    await end();
    const from = performance.now();
    await until(async () => (await health(hub)) === 'healthy', { timeoutMs: 20_000, what: `${name} is over` });
    const acked = pusher.acked.size;
    await until(() => pusher.acked.size > acked + 10, { what: `events are taken after ${name}` });
    const longest = Math.max(...pusher.refusals.slice(refused).map(({ ms }) => ms));
    figure(13, `${name}: said on /health after`, seconds(noticed), '10 s');
    figure(13, `${name}: longest wait of a request for its 503`, seconds(longest), '20 s');
    figure(13, `${name}: well again after`, seconds(performance.now() - from), '5 s');
    expect(noticed).toBeLessThan(10_000);
    expect(longest).toBeLessThan(20_000);
    expect(performance.now() - from).toBeLessThan(5000);
  }

  onTestFinished(async () => void (await admin.query('ROLLBACK').catch(() => undefined)));
  // A burst of readers that all wait for a lock takes every connection there is: still each is answered, and in time.
  let readers: Promise<string[]> | undefined;
  const read = async () => {
    const { status, headers } = await hub.api.get('/ops/events/recent');
    return `${status}, again in ${headers.get('retry-after')} s`;
  };
  await fault(
    'locked tables',
    async () => {
      await admin.query('BEGIN');
      await admin.query('LOCK TABLE inbox, checks, leases, events IN ACCESS EXCLUSIVE MODE');
      readers = Promise.all(Array.from({ length: READERS }, read));
    },
    async () => {
      const said = (await readers) ?? [];
      // Long enough to be worth an alert.
      await passing(4000);
      await admin.query('COMMIT');
      expect(new Set(said)).toEqual(new Set(['503, again in 2 s']));
      figure(13, `no free connection: of ${READERS} readers told to come again`, String(said.length), 'all');
    },
  );
  await fault(
    'read-only',
    async () => {
      await admin.query('ALTER DATABASE postgres SET default_transaction_read_only = on');
      await endHubsConnections();
    },
    async () => {
      await admin.query('SET default_transaction_read_only = off');
      await admin.query('ALTER DATABASE postgres RESET default_transaction_read_only');
      await endHubsConnections();
    },
  );
  await fault(
    'full disk',
    async () => {
      await admin.query(
        `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`,
      );
      for (const table of ['inbox', 'checks', 'samples'])
        await admin.query(
          `CREATE TRIGGER full_disk BEFORE INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION full_disk()`,
        );
    },
    () => admin.query('DROP FUNCTION full_disk CASCADE'),
  );
  await pusher.stop();
  // Once it could be told, it was: by an alert about the hub itself.
  const own = await until(
    async () => (await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=orrery')).items[0],
    { what: 'an alert of the hub about itself' },
  );
  expect(own.title).toBe('the hub could not write its database');

  const { lost, doubled } = await lostAndDoubled(postgres.url, pusher);
  figure(13, `of ${pusher.acked.size} acknowledged events lost, stored twice`, `${lost}, ${doubled}`, '0, 0');
  expect(lost).toBe(0);
  expect(doubled).toBe(0);
  expectPolite(pusher);
  await until(async () => (await metricOf(hub, 'orrery_checks_waiting')) === 0, { what: 'no check waits' });
  const { history } = await watched(hub);
  expect(history.filter((check) => check.status !== 'up')).toEqual([]);
  const gaps = history.slice(1).map(({ at }, i) => Math.abs(Date.parse(history[i]?.at ?? '') - Date.parse(at)));
  figure(13, 'longest gap between stored checks, every second', seconds(Math.max(...gaps)), '3 s');
  expect(Math.max(...gaps)).toBeLessThan(3000);
});
