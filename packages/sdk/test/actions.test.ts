import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActionRun } from '@orrery/protocol';
import { deriveProjectKey, signBody } from '@orrery/protocol/signing';
import { Webhook } from 'standardwebhooks';
import { afterAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/services/until.ts';
import {
  type ActionCall,
  type ActionHandler,
  createInstance,
  fileActionStore,
  type Instance,
  type InstanceOptions,
  memoryActionStore,
} from '../src/index.ts';

const KEY = 'the-key';
const MESH = 'the-mesh-key-of-the-hub';
const SECRET = deriveProjectKey(MESH, 'veria');
const folder = mkdtempSync(join(tmpdir(), 'orrery-actions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const create = (actions: Record<string, ActionHandler>, options: Partial<InstanceOptions> = {}): Instance =>
  createInstance({ project: 'veria', version: '1', apiKey: KEY, meshKey: MESH, actions, ...options });
const bodyOf = (action: string, params: object = {}) =>
  JSON.stringify({ action, requestedBy: 'ada', requestId: 'r-1', params });

async function send(
  instance: Instance,
  body: string,
  headers: Record<string, string> = signBody([SECRET], 'msg_1', new Date(), body),
) {
  const response = await instance.handle(new Request('http://p/api/actions', { method: 'POST', headers, body }));
  return { status: response?.status, body: (await response?.json()) as Record<string, unknown> };
}
async function runOf(instance: Instance, auditId: unknown): Promise<ActionRun> {
  const response = await instance.handle(
    new Request(`http://p/api/actions/${auditId}`, { headers: { 'x-api-key': KEY } }),
  );
  return ActionRun.parse(await response?.json());
}
const finished = (instance: Instance, auditId: unknown) =>
  until(
    async () => {
      const run = await runOf(instance, auditId);
      return run.finishedAt === undefined ? undefined : run;
    },
    { timeoutMs: 3000, what: 'the run is finished' },
  );

describe('a signed action', () => {
  it('is accepted, runs with its parameters, and its run can be read', async () => {
    const calls: ActionCall[] = [];
    const instance = create({
      'cache.clear': async (call) => {
        calls.push(call);
        return { cleared: 3 };
      },
    });
    const { status, body } = await send(instance, bodyOf('cache.clear', { region: 'eu' }));
    expect([status, body]).toEqual([202, { auditId: expect.any(String), accepted: true }]);
    expect(await finished(instance, body.auditId)).toMatchObject({
      action: 'cache.clear',
      status: 'succeeded',
      result: { cleared: 3 },
    });
    expect(calls).toMatchObject([
      { requestedBy: 'ada', requestId: 'r-1', params: { region: 'eu' }, auditId: body.auditId },
    ]);
  });

  it('may be signed by any Standard Webhooks library', async () => {
    const instance = create({ go: () => 1 });
    const body = bodyOf('go');
    const at = new Date();
    const headers = {
      'webhook-id': 'msg_official',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': `v1a,not-of-ours ${new Webhook(SECRET).sign('msg_official', at, body)}`,
    };
    expect((await send(instance, body, headers)).status).toBe(202);
  });

  it('runs once however often it is replayed, also at the same time and after it has failed', async () => {
    let runs = 0;
    const instance = create({
      go: () => {
        runs++;
        throw new Error('no luck with token=abc123');
      },
    });
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(instance, bodyOf('go'))));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.auditId}`)).size).toBe(1);
    const auditId = answers[0]?.body.auditId;
    expect(await finished(instance, auditId)).toMatchObject({
      status: 'failed',
      result: { error: 'no luck with token=[redacted]' },
    });
    expect((await send(instance, bodyOf('go'))).body.auditId).toBe(auditId);
    expect(runs).toBe(1);
  });

  it('fails when it takes too long, and is told by its signal', async () => {
    let aborted = false;
    const instance = create(
      {
        slow: ({ signal }) =>
          new Promise(() =>
            signal.addEventListener('abort', () => {
              aborted = true;
            }),
          ),
      },
      { actionTimeoutMs: 40 },
    );
    const { body } = await send(instance, bodyOf('slow'));
    expect(await finished(instance, body.auditId)).toMatchObject({
      status: 'failed',
      result: { error: 'timed out after 40 ms' },
    });
    expect(aborted).toBe(true);
  });

  it('queues beyond eight at once', async () => {
    let active = 0;
    let most = 0;
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const instance = create({
      wait: async () => {
        most = Math.max(most, ++active);
        await gate;
        active--;
      },
    });
    const ids: unknown[] = [];
    for (let i = 0; i < 12; i++) {
      const body = bodyOf('wait');
      ids.push((await send(instance, body, signBody([SECRET], `msg_${i}`, new Date(), body))).body.auditId);
    }
    expect((await runOf(instance, ids[11])).status).toBe('queued');
    expect((await runOf(instance, ids[0])).status).toBe('running');
    release();
    for (const id of ids) expect((await finished(instance, id)).status).toBe('succeeded');
    expect(most).toBe(8);
  });

  it('keeps a result of any shape and size within bounds', async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const instance = create({ nothing: () => undefined, circle: () => circle, big: () => 'x'.repeat(100_000) });
    for (const action of ['nothing', 'circle', 'big']) {
      const body = bodyOf(action);
      const accepted = await send(instance, body, signBody([SECRET], `msg_${action}`, new Date(), body));
      const run = await finished(instance, accepted.body.auditId);
      expect(run.status).toBe('succeeded');
      expect(JSON.stringify(run).length).toBeLessThan(20_000);
    }
  });
});

describe('a request that must not run', () => {
  it('gets one and the same 401 for every flaw of its signature', async () => {
    let runs = 0;
    const instance = create({
      go: () => {
        runs++;
      },
    });
    const body = bodyOf('go');
    const now = new Date();
    const good = signBody([SECRET], 'msg_1', now, body);
    const sign = (secret: string, seconds: number) =>
      signBody([secret], 'msg_1', new Date(now.getTime() + seconds * 1000), body);
    const flawed: [Record<string, string>, string][] = [
      [{}, body],
      [{ ...good, 'webhook-signature': '' }, body],
      [{ ...good, 'webhook-signature': good['webhook-signature'].slice(0, -2) }, body],
      [{ ...good, 'webhook-id': 'msg_2' }, body],
      [{ ...good, 'webhook-id': 'msg.1' }, body],
      [{ ...good, 'webhook-timestamp': '1' }, body],
      [sign(SECRET, -302), body],
      [sign(SECRET, 302), body],
      [sign(deriveProjectKey(MESH, 'performia'), 0), body],
      [sign(deriveProjectKey('another-mesh-key-entirely', 'veria'), 0), body],
      [good, `${body} `],
      [good, JSON.stringify(JSON.parse(body), null, 1)],
    ];
    const answers = await Promise.all(flawed.map(([headers, text]) => send(instance, text, headers)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, body: { error: 'Unauthorized' } });
    expect(runs).toBe(0);
    const without = createInstance({
      project: 'veria',
      version: '1',
      actions: {
        go: () => {
          runs++;
        },
      },
    });
    expect((await send(without, body)).status).toBe(401);
  });

  it('is accepted under either of two keys during a rotation', async () => {
    const next = 'the-next-mesh-key-of-the-hub';
    const instance = create(
      { go: () => 1 },
      { meshKey: [MESH, next], signingSecrets: ['a-secret-of-our-own-24-bytes'] },
    );
    const body = bodyOf('go');
    for (const [id, secret] of [
      ['a', SECRET],
      ['b', deriveProjectKey(next, 'veria')],
      ['c', 'a-secret-of-our-own-24-bytes'],
    ] as const)
      expect((await send(instance, body, signBody([secret], id, new Date(), body))).status).toBe(202);
  });

  it('is told what is wrong with it once its signature is right, and its id is not used up', async () => {
    const instance = create({ go: () => 1 });
    for (const [body, status, field] of [
      [bodyOf('stop'), 404, 'action'],
      [bodyOf('__proto__'), 404, 'action'],
      [bodyOf('constructor'), 404, 'action'],
      ['{"action":"go"', 400, ''],
      ['{"action":"go","requestedBy":"ada"}', 400, 'requestId'],
      ['{"action":"go","requestedBy":"ada","requestId":"r","params":[1]}', 400, 'params'],
    ] as const)
      expect(await send(instance, body)).toMatchObject({ status, body: { fields: [{ field }] } });
    expect((await send(instance, bodyOf('go'))).status).toBe(202);
  });

  it('is refused rather than an id forgotten that could be replayed', async () => {
    const instance = create({ go: () => 1 }, { actionStore: memoryActionStore(3) });
    const answers: (number | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      const body = bodyOf('go');
      answers.push((await send(instance, body, signBody([SECRET], `msg_${i}`, new Date(), body))).status);
    }
    expect(answers).toEqual([202, 202, 202, 503]);
  });
});

describe('the store in a file', () => {
  it('recognises a replay after a restart, and never runs again what was interrupted', async () => {
    const path = join(folder, 'deep/actions.jsonl');
    let runs = 0;
    const handlers = {
      go: () => ++runs,
      hang: () => {
        runs++;
        return new Promise(() => {});
      },
    };
    const before = create(handlers, { actionStore: fileActionStore(path) });
    const done = await send(before, bodyOf('go'));
    await finished(before, done.body.auditId);
    const hangBody = bodyOf('hang');
    const hangHeaders = signBody([SECRET], 'msg_hang', new Date(), hangBody);
    const hanging = await send(before, hangBody, hangHeaders);
    await until(async () => (await runOf(before, hanging.body.auditId)).status === 'running', {
      timeoutMs: 2000,
      what: 'the action runs',
    });
    // What a kill in the middle of a write leaves behind.
    appendFileSync(path, '{"webhookId":"torn","at":1');

    const after = create(handlers, { actionStore: fileActionStore(path) });
    expect((await send(after, bodyOf('go'))).body).toEqual(done.body);
    expect((await send(after, hangBody, hangHeaders)).body).toEqual(hanging.body);
    expect(await runOf(after, done.body.auditId)).toMatchObject({ status: 'succeeded', result: 1 });
    expect(await runOf(after, hanging.body.auditId)).toMatchObject({
      status: 'failed',
      result: { error: 'interrupted by a restart' },
    });
    expect(runs).toBe(2);
  });

  it('is rewritten before it grows without end', async () => {
    const path = join(folder, 'small.jsonl');
    const store = fileActionStore(path, 5);
    const run: ActionRun = { auditId: 'a', action: 'go', status: 'queued', startedAt: new Date().toISOString() };
    await store.claim('msg', run);
    for (let i = 0; i < 500; i++) await store.update({ ...run, status: 'running', result: i });
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(30);
    expect(await fileActionStore(path).claim('msg', run)).toMatchObject({ kind: 'seen', run: { auditId: 'a' } });
  });
});

describe('audits and refreshes', () => {
  it('an audit is an action: its figures stand in the run, and one that gives none has failed', async () => {
    const instance = createInstance({
      ...{ project: 'veria', version: '1', apiKey: KEY, meshKey: MESH },
      audits: {
        'audit.security': () => ({ ok: 7, warn: 2, fail: 1, findings: ['tls 1.0'] }),
        'audit.broken': () => ({ ok: -1, warn: 0, fail: 0 }),
      },
    });
    const good = await send(instance, bodyOf('audit.security'));
    expect(await finished(instance, good.body.auditId)).toMatchObject({
      status: 'succeeded',
      result: { ok: 7, warn: 2, fail: 1, findings: ['tls 1.0'] },
    });
    const body = bodyOf('audit.broken');
    const bad = await send(instance, body, signBody([SECRET], 'msg_2', new Date(), body));
    expect(await finished(instance, bad.body.auditId)).toMatchObject({ status: 'failed' });
  });

  it('an audit that has the name of an action is a mistake', () => {
    const audits = { 'audit.security': () => ({ ok: 1, warn: 0, fail: 0 }) };
    expect(() => create({ 'audit.security': () => 1 }, { audits })).toThrow(
      'audits.audit.security is an action already',
    );
  });

  it('graph.refresh sends what the product has to say of itself', async () => {
    let asked = 0;
    const instance = create({}, { onRefresh: () => asked++ });
    const { body } = await send(instance, bodyOf('graph.refresh'));
    expect(await finished(instance, body.auditId)).toMatchObject({ status: 'succeeded', result: { refreshed: true } });
    expect(asked).toBe(1);
  });
});
