import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { describe, test } from 'vitest';
import { allow, anonymousCaller, type Caller, projectCaller, systemCaller } from '../access/index.ts';
import { systemClock } from '../platform/clock.ts';
import { createApp } from '../platform/http/server.ts';
import { silentLog } from '../platform/testing.ts';
import { intakeRoutes } from './routes.ts';
import { project, room } from './testing.ts';

const callers: Record<string, Caller> = { person: systemCaller('person'), veria: projectCaller('veria') };

/** The room behind the real server, called over a socket; `as` says who calls. */
async function served(finish: Parameters<typeof room>[0]) {
  const { opened } = await room(finish);
  const kit = opened();
  await kit.intake.sync([project('veria', 'http://127.0.0.1:1', [{ kind: 'heartbeat', interval: '1h' }])]);
  const app = createApp<Caller>({
    routes: intakeRoutes(kit.intake),
    resolve: async (request) => callers[request.headers.get('x-test-caller') ?? ''] ?? anonymousCaller,
    allow,
    checkOrigin: () => undefined,
    observe: () => undefined,
    pagesDir: '/nonexistent',
    https: false,
    log: silentLog,
    clock: systemClock,
  });
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
  if (!server.listening) await once(server, 'listening');
  finish(() => void server.close());
  const base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return {
    ...kit,
    call: (path: string, as: string, init: RequestInit = {}) =>
      fetch(base + path, { ...init, headers: { 'x-test-caller': as, ...init.headers } }),
    push: (body: unknown, type = 'application/cloudevents+json', as = 'veria') =>
      fetch(`${base}/api/fed/events`, {
        method: 'POST',
        headers: { 'content-type': type, 'x-test-caller': as },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}
const event = (type: string, more = {}) => ({
  specversion: '1.0',
  id: 'e1',
  source: 'http://veria.test',
  type,
  data: {},
  ...more,
});
const BATCH = 'application/cloudevents-batch+json';

describe.concurrent('the event door over HTTP', () => {
  test('answers one event, a batch, a repetition and a partly refused batch', async ({ expect, onTestFinished }) => {
    const { push } = await served(onTestFinished);
    const one = await push(event('veria.mesh.events.lead.created'));
    expect([one.status, await one.json()]).toEqual([200, { accepted: 1, duplicates: 0, refused: [] }]);
    const again = await push(event('events.lead.created'), 'application/json');
    expect(await again.json()).toMatchObject({ accepted: 0, duplicates: 1 });
    const mixed = await push([event('events.a', { id: 'a' }), event('x.mesh.events.b', { id: 'b' })], BATCH);
    expect(mixed.status).toBe(207);
    expect(await mixed.json()).toMatchObject({ accepted: 1, refused: [{ id: 'b', field: 'type' }] });
  });

  test('refuses what it cannot take, and names the field', async ({ expect, onTestFinished }) => {
    const { push, events } = await served(onTestFinished);
    const cases: [Response, number, RegExp][] = [
      [await push(event('performia.mesh.events.x')), 400, /type: must begin with the project's namespace/],
      [await push(event('events.x', { id: undefined })), 400, /id/],
      [await push('{"specversion":'), 400, /no valid JSON/],
      [await push('null'), 400, /body/],
      [await push('['.repeat(1_000_000), BATCH), 400, /nested deeper than 200/],
      [await push([], BATCH), 400, /1 to 500/],
      [
        await push(
          Array.from({ length: 501 }, (_, i) => event('events.x', { id: `${i}` })),
          BATCH,
        ),
        400,
        /1 to 500/,
      ],
      [await push(event('events.x'), 'text/plain'), 415, /application\/cloudevents\+json/],
      [await push('x'.repeat(4 * 1024 * 1024 + 1)), 413, /larger than/],
      [await push(event('events.x'), BATCH, 'nobody'), 401, /./],
      [await push(event('events.x'), BATCH, 'person'), 403, /project/],
    ];
    for (const [answer, status, detail] of cases) {
      const problem = (await answer.json()) as { detail: string };
      expect([answer.status, problem.detail]).toEqual([status, expect.stringMatching(detail)]);
    }
    expect(await events()).toEqual([]);
  });
});

describe.concurrent('the other routes', () => {
  test('a job beats by GET, POST and HEAD, and may say that it failed', async ({ expect, onTestFinished }) => {
    const { call, service } = await served(onTestFinished);
    const path = new URL((await service('veria')).heartbeatUrl ?? '').pathname;
    for (const method of ['GET', 'POST', 'HEAD'])
      expect((await call(path, 'nobody', { method })).status, method).toBe(200);
    expect(await (await call(`${path}?status=fail`, 'nobody')).json()).toEqual({ ok: true });
    expect((await call(`${path}?status=maybe`, 'nobody')).status).toBe(400);
    expect((await call(`${path}x`, 'nobody')).status).toBe(404);
  });

  test('placeholders, wildcards and traps in the place of an id are 400 or 404', async ({ expect, onTestFinished }) => {
    const { call } = await served(onTestFinished);
    for (const id of [
      '{project}',
      ':project',
      '*',
      'null',
      '%00',
      '%2e%2e',
      '__proto__',
      'constructor',
      '[]',
      '{}',
      '%',
    ])
      for (const path of [`/api/fed/logs/${id}`, `/ops/health?project=${id}`, `/api/heartbeat/${id}`])
        expect([400, 404], path).toContain((await call(path, 'person')).status);
  });

  test('queries are checked field by field', async ({ expect, onTestFinished }) => {
    const { call } = await served(onTestFinished);
    for (const [path, field] of [
      ['/ops/health?history=501', 'query.history'],
      ['/ops/health?history=x', 'query.history'],
      ['/api/fed/logs/veria?level=loud', 'query.level'],
      ['/api/fed/logs/veria?since=yesterday', 'query.since'],
      ['/api/fed/logs/veria?limit=0', 'query.limit'],
      ['/api/fed/logs/veria?cursor=1e3', 'query.cursor'],
    ] as const) {
      const answer = await call(path, 'person');
      expect([answer.status, ((await answer.json()) as { detail: string }).detail], path).toEqual([
        400,
        expect.stringContaining(field),
      ]);
    }
    expect((await call('/api/fed/logs/veria?since=15m&level=warn&q=x', 'person')).status).toBe(200);
    expect((await call('/ops/health', 'nobody')).status).toBe(401);
    expect((await call('/ops/health', 'veria')).status).toBe(403);
  });
});
