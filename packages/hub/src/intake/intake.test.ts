import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from '../platform/clock.ts';
import { aloneHub } from './hubs/hubs.ts';
import { broken, hanging, ok, project, room, testIntake } from './testing.ts';

const EVERY = '200ms';
const http = (url: string, more = {}) => ({ kind: 'http', url, timeout: '1s', failAfter: 1, ...more });
const veria = (url: string, more = {}) => project('veria', url, [http(url, more)], EVERY);

describe.concurrent('probing', () => {
  test('nothing is known before the first check; then state, history, samples and facts follow each other', async ({
    expect,
    onTestFinished,
  }) => {
    const { watched, opened } = await room(onTestFinished);
    const server = await watched();
    const kit = opened();
    await kit.intake.sync([veria(server.url)]);
    const before = await kit.service('veria');
    expect(before).toMatchObject({ status: 'unknown', since: null, history: [], uptimePercent: null });
    await kit.intake.start();
    await until(async () => (await kit.service('veria')).history.length >= 3, { what: 'three checks' });
    const service = await kit.service('veria');
    expect(service).toMatchObject({ status: 'up', kind: 'http', intervalMs: 200, timeoutMs: 1000, uptimePercent: 100 });
    expect(service.history.map(({ at }) => at)).toEqual(service.history.map(({ at }) => at).sort());
    expect(await kit.latest('veria', 'probe.up')).toBe(1);
    expect(await kit.latest('veria', 'probe.latency_ms')).toBeGreaterThan(0);
    expect(kit.facts[0]).toMatchObject({ projects: ['veria'], seen: [{ project: 'veria' }] });
    expect(await kit.events()).toEqual([]);
  });

  test('a change is confirmed first, happens once, and is told as one event with its reason', async ({
    expect,
    onTestFinished,
  }) => {
    const { watched, opened } = await room(onTestFinished);
    const server = await watched();
    const kit = opened();
    await kit.intake.sync([veria(server.url, { failAfter: 3 })]);
    await kit.intake.start();
    await until(async () => (await kit.service('veria')).status === 'up', { what: 'up' });
    server.become(broken);
    await until(async () => (await kit.service('veria')).status === 'down', { what: 'down' });
    const down = await kit.service('veria');
    expect(down.history.filter(({ status }) => status === 'down').length).toBeGreaterThanOrEqual(3);
    expect(down.reason).toBe('answered HTTP 500, expected 200–299');
    expect(await kit.latest('veria', 'probe.up')).toBe(0);
    server.become(ok);
    await until(async () => (await kit.service('veria')).status === 'up', { what: 'up again' });
    expect((await kit.events()).map(({ type, title }) => [type, title])).toEqual([
      ['probe.status', 'veria/api is up'],
      ['probe.status', 'veria/api is down: answered HTTP 500, expected 200–299'],
    ]);
    expect((await kit.service('veria')).uptimePercent).toBeLessThan(100);
  });

  test('a first failure is confirmed at once, further ones wait for their place in the interval', async ({
    expect,
    onTestFinished,
  }) => {
    const { watched, opened } = await room(onTestFinished);
    const [sure, patient] = [await watched(broken), await watched(broken)];
    const kit = opened();
    const declared = (slug: string, url: string, failAfter: number) => project(slug, url, [http(url, { failAfter })]);
    await kit.intake.sync([declared('sure', sure.url, 2), declared('patient', patient.url, 3)]);
    await kit.intake.start();
    // Every 15 s, the first within 2 s of the start.
    await until(async () => (await kit.service('sure')).status === 'down', { what: 'down after one confirmation' });
    await until(() => patient.hits.length === 2, { what: 'the second check of the other' });
    expect(sure.hits).toHaveLength(2);
    expect((await kit.service('patient')).status).toBe('unknown');
  });

  test('a check that fails in maintenance is seen and counts against no uptime', async ({ expect, onTestFinished }) => {
    const { database, watched } = await room(onTestFinished);
    const server = await watched();
    const asked: string[] = [];
    const kit = testIntake(database.db, {
      inMaintenance: (...[project, service]) => asked.push(`${project}/${service}`) > 0,
    });
    onTestFinished(kit.stop);
    await kit.intake.sync([veria(server.url)]);
    await kit.intake.start();
    await until(async () => (await kit.service('veria')).status === 'up', { what: 'up' });
    server.become(broken);
    await until(async () => (await kit.service('veria')).status === 'down', { what: 'down' });
    expect((await kit.service('veria')).uptimePercent).toBe(100);
    expect(await kit.latest('veria', 'probe.up')).toBe(1);
    expect(new Set(asked)).toEqual(new Set(['veria/api']));
  });

  test('a restart goes on from what was stored: no second event, the same since', async ({
    expect,
    onTestFinished,
  }) => {
    const { database, watched, opened } = await room(onTestFinished);
    const server = await watched(broken);
    const first = testIntake(database.db);
    await first.intake.sync([veria(server.url)]);
    await first.intake.start();
    await until(async () => (await first.service('veria')).status === 'down', { what: 'down' });
    await first.stop();
    const before = await first.service('veria');
    const second = opened();
    await second.intake.sync([veria(server.url)]);
    const { since, probeId } = before;
    expect(await second.service('veria')).toMatchObject({ status: 'down', since, probeId });
    await second.intake.start();
    await until(async () => (await second.service('veria')).history.length > before.history.length + 1, {
      what: 'more checks',
    });
    expect(await second.service('veria')).toMatchObject({ status: 'down', since });
    expect((await second.events()).filter(({ type }) => type === 'probe.status')).toHaveLength(1);
  });

  test('a probe that is no longer declared is forgotten, and one that is changed keeps its history', async ({
    expect,
    onTestFinished,
  }) => {
    const { watched, opened } = await room(onTestFinished);
    const { url } = await watched();
    const kit = opened();
    const performia = project('performia', url, [http(url, { interval: '1h' })]);
    await kit.intake.sync([veria(url), performia]);
    await kit.intake.start();
    await until(async () => (await kit.intake.states()).every(({ status }) => status === 'up'), { what: 'both up' });
    const { probeId } = await kit.service('veria');
    await kit.intake.sync([project('veria', url, [http(url, { interval: '1h', failAfter: 3 })])]);
    const [only, ...others] = await kit.intake.states();
    expect(only).toMatchObject({ project: 'veria', status: 'up', probeId });
    expect(others).toEqual([]);
    await kit.service('performia').then(
      () => expect.unreachable(),
      (error) => expect(error.code).toBe('not_found'),
    );
    await kit.intake.stop();
    await kit.intake.sync([veria(url), performia]);
    expect((await kit.intake.states()).map(({ status }) => status)).toEqual(['up', 'unknown']);
  });

  test('targets that hang hold up nobody else, and no probe overlaps itself', async ({ expect, onTestFinished }) => {
    const { watched, opened } = await room(onTestFinished);
    const calm = await watched();
    const stuck = await watched(hanging);
    const kit = opened();
    const alone = project('calm', calm.url, [http(calm.url)], EVERY);
    const usualGap = (from: number) => {
      const gaps = calm.hits.slice(from + 1).map(({ at }, i) => at - (calm.hits[from + i]?.at ?? at));
      return gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? Number.NaN;
    };
    await kit.intake.sync([alone]);
    await kit.intake.start();
    await until(() => calm.hits.length >= 12, { what: 'twelve checks in peace' });
    const peace = usualGap(0);
    const from = performance.now();
    await kit.intake.sync([
      alone,
      ...Array.from({ length: 30 }, (_, i) => project(`stuck-${i}`, stuck.url, [http(stuck.url)], EVERY)),
    ]);
    const quiet = calm.hits.length;
    await until(() => calm.hits.length >= quiet + 12, { what: 'twelve more of the calm one' });
    expect(usualGap(quiet)).toBeLessThan(Math.max(240, peace * 1.2));
    expect(kit.outbound.inFlight()).toBeLessThanOrEqual(31);
    expect(kit.intake.skippedChecks()).toBeGreaterThan(30);
    // Each hangs for a second at a time.
    expect(stuck.hits.length).toBeLessThan(30 * (2 + (performance.now() - from) / 1000));
    await kit.intake.stop();
    expect(kit.outbound.inFlight()).toBe(0);
  });

  test('while the database cannot be written the checks wait, and none of them is lost', async ({
    expect,
    onTestFinished,
  }) => {
    const { database, watched, opened } = await room(onTestFinished);
    const server = await watched();
    const kit = opened();
    await kit.intake.sync([veria(server.url)]);
    await kit.intake.start();
    await until(async () => (await kit.service('veria')).status === 'up', { what: 'up' });
    const other = new DatabaseSync(`${database.dir}/orrery.db`);
    other.exec("CREATE TRIGGER refuse BEFORE INSERT ON checks BEGIN SELECT RAISE(ABORT, 'no'); END");
    const stored = (await kit.service('veria')).history.length;
    const { length: hits } = server.hits;
    await until(() => server.hits.length >= hits + 4, { what: 'probing goes on' });
    expect((await kit.service('veria')).history.length).toBe(stored);
    other.exec('DROP TRIGGER refuse');
    other.close();
    await until(async () => (await kit.service('veria')).history.length >= stored + 4, { what: 'all is stored' });
  });

  test('a hub whose probes others took over writes nothing more', async ({ expect, onTestFinished }) => {
    const { watched, opened } = await room(onTestFinished);
    const server = await watched();
    let mine = true;
    const kit = opened({
      hubs: { ...aloneHub(systemClock), shared: true, time: () => Date.now(), guard: async () => mine },
    });
    await kit.intake.sync([veria(server.url)]);
    await kit.intake.start();
    await until(async () => (await kit.service('veria')).status === 'up', { what: 'up' });
    mine = false;
    const stored = (await kit.service('veria')).history.length;
    server.become(broken);
    const { length: hits } = server.hits;
    await until(() => server.hits.length >= hits + 3, { what: 'three more checks' });
    await kit.intake.stop();
    expect(await kit.service('veria')).toMatchObject({ status: 'up', history: { length: stored } });
  });

  test('what an instance reports is kept: its checks, metrics, version, manifest and log', async ({
    expect,
    onTestFinished,
  }) => {
    const { watched, opened } = await room(onTestFinished);
    const lines = [
      {
        at: '2026-01-01T00:00:00.000Z',
        level: 'info',
        message: 'Order <script>alert(1)</script> placed',
        fields: { n: 1 },
      },
      { at: '2026-01-01T00:00:01.000Z', level: 'error', message: 'no 50% route' },
    ];
    const routes: Record<string, (query: URLSearchParams) => unknown> = {
      '/api/health': () => ({ status: 'degraded', checks: { db: { ok: false, detail: 'slow' } }, version: '2.7.1' }),
      '/api/metrics': () => ({ metrics: { revenue_24h: 12.5, 'queue.depth': Number.POSITIVE_INFINITY, label: 'x' } }),
      '/api/logs': (query) =>
        query.has('cursor') ? { entries: [] } : { entries: lines, nextCursor: String(lines.length) },
      '/api/capabilities': () => ({ project: 'veria', version: '2.7.1', actions: ['graph.refresh'] }),
    };
    const server = await watched((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(routes[pathname]?.(searchParams)).replace('null', '1e400'));
    });
    const kit = opened();
    await kit.intake.sync([project('veria', server.url, [{ kind: 'instance', failAfter: 1 }], EVERY)]);
    await kit.intake.start();
    await until(async () => (await kit.service('veria')).history.length >= 3, { what: 'three checks' });
    expect(await kit.service('veria')).toMatchObject({
      status: 'degraded',
      reason: 'says it is degraded: db (slow) failed',
      checks: { db: { ok: false, detail: 'slow' } },
      target: `${server.url}/api/health`,
    });
    expect(await kit.latest('veria', 'revenue_24h')).toBe(12.5);
    expect(await kit.latest('veria', 'queue.depth')).toBeUndefined();
    expect(kit.intake.refusals()).toContainEqual({ project: 'veria', reason: 'non_finite', count: expect.any(Number) });
    expect(kit.facts[0]?.seen[0]).toMatchObject({ version: '2.7.1', capabilities: { actions: ['graph.refresh'] } });

    const all = await kit.intake.projectLogs(kit.me, { project: 'veria', limit: 100 });
    expect(all.entries.map(({ level, message, service }) => [level, message, service])).toEqual([
      ['error', 'no 50% route', 'api'],
      ['info', 'Order <script>alert(1)</script> placed', 'api'],
    ]);
    const find = async (filter: object) =>
      (await kit.intake.projectLogs(kit.me, { project: 'veria', limit: 100, ...filter })).entries.length;
    expect(await find({ level: 'warn' })).toBe(1);
    expect(await find({ q: '50%' })).toBe(1);
    expect(await find({ q: '5_%' })).toBe(0);
    expect(await find({ since: Date.parse('2026-01-01T00:00:00.500Z') })).toBe(1);
    const page = await kit.intake.projectLogs(kit.me, { project: 'veria', limit: 1 });
    expect(await find({ cursor: page.nextCursor })).toBe(1);
  });
});

describe.concurrent('running once', () => {
  test('a hub that only bears witness of a probe says what the hub that judges it has stored', async ({
    expect,
    onTestFinished,
  }) => {
    const { watched, opened } = await room(onTestFinished);
    const server = await watched();
    const one = aloneHub(systemClock);
    const two = { ...one, shared: true, time: () => Date.now(), members: () => [...one.members(), ...one.members()] };
    const judge = opened({ hubs: two });
    const witness = opened({ hubs: { ...two, roleOf: () => 'witness' } });
    for (const { intake } of [judge, witness]) {
      await intake.sync([veria(server.url)]);
      await intake.start();
    }
    await until(async () => (await judge.service('veria')).status === 'up', { what: 'up' });
    const { results } = await witness.intake.runOnce(witness.me);
    expect(results).toEqual([{ site: 'veria', status: 'ok', health: 'healthy' }]);
  });

  test('checks every project now, whether this hub probes or not, and says how each stands', async ({
    expect,
    onTestFinished,
  }) => {
    const { watched, opened } = await room(onTestFinished);
    const good = await watched((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"healthy"}'),
    );
    const bad = await watched(broken);
    const kit = opened();
    const instance = { kind: 'instance', interval: '1d', failAfter: 1 };
    await kit.intake.sync([
      project('good', good.url, [instance, { kind: 'http', url: bad.url, interval: '1d' }]),
      project('bad', bad.url, [instance]),
    ]);
    const expected = {
      monitored: 2,
      results: [
        { site: 'good', status: 'ok', health: 'healthy' },
        { site: 'bad', status: 'error', health: 'unhealthy: answered HTTP 500, expected 200–299' },
      ],
    };
    expect(await kit.intake.runOnce(kit.me)).toEqual(expected);
    expect((await kit.service('bad')).status).toBe('down');
    await kit.intake.start();
    expect(await kit.intake.runOnce(kit.me)).toEqual(expected);
    expect((await kit.intake.runOnce(kit.me, 'good')).monitored).toBe(1);
  });
});
