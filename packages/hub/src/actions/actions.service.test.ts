import { once } from 'node:events';
import { createServer } from 'node:http';
import { verifyBody } from '@orrery/protocol/signing';
import { expect, it, onTestFinished } from 'vitest';
import { eachDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import { audit, systemCaller, verifyAudit } from '../access/index.ts';
import { createEvents } from '../events/index.ts';
import { systemClock as clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { createOutbound } from '../platform/outbound.ts';
import { silentLog as log } from '../platform/testing.ts';
import { createActions } from './actions.ts';
import { signingKeys } from './send.ts';
import type { ActionTables } from './tables.ts';

const MESH_KEY = 'the-mesh-key-of-this-suite-0123456789';
const staff = systemCaller('ada');
const SWEEP = { action: 'fed.audit.security.sweep', dryRun: false };

/** Instances of one server, `/<slug>/api/actions`: they check signatures, run nothing twice, and keep what came. */
async function fleet(slugs: readonly string[]) {
  const posts: string[] = [];
  const runs = new Map<string, string>();
  const server = createServer((request, response) => {
    const [, slug = '', , , auditId] = (request.url ?? '').split('/');
    const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
    if (auditId !== undefined) {
      const known = [...runs.values()].includes(auditId);
      const run = {
        auditId,
        action: 'audit.security',
        status: 'succeeded',
        startedAt: '2026-01-01T00:00:00Z',
        result: { ok: 7 },
      };
      return void answer(known ? 200 : 404, known ? run : {});
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const headers = { get: (name: string) => (request.headers[name] as string | undefined) ?? null };
      const verdict = verifyBody(signingKeys([MESH_KEY], slug), headers, body, new Date());
      if (!verdict.ok) return void answer(401, {});
      posts.push(verdict.id);
      const run = runs.get(verdict.id) ?? `run-${slug}-${runs.size}`;
      runs.set(verdict.id, run);
      answer(202, { auditId: run, accepted: true });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const targets = slugs.map((slug) => ({
    ...{ slug, name: slug, hubUrl: `${base}/${slug}`, allowFanout: ['audit.security'], capabilities: null },
  }));
  return { posts, targets };
}

function hub(db: Db, targets: Awaited<ReturnType<typeof fleet>>['targets'], holderId = 'hub-1') {
  const outbound = createOutbound({ clock, allowPrivate: true });
  onTestFinished(() => outbound.close());
  const events = createEvents({ db, clock, log });
  const actions = createActions({
    ...{ db, clock, log, outbound, holderId, audit },
    meshKeys: [MESH_KEY],
    targets: async () => targets,
    apiKeyOf: async () => 'key',
    appendEvents: events.append,
    catalog: {
      verify: async () => undefined,
      get: () => Promise.reject(new Error('unused')),
      list: async () => targets,
    },
  });
  const work = () => actions.jobs[0]?.run({ signal: new AbortController().signal });
  /** Asks, and waits until all is known: on a busy machine the first answer may come before that. */
  async function runToEnd(input: Parameters<typeof actions.run>[1]) {
    const { requestId } = await actions.run(staff, input);
    await actions.settle();
    return until(
      async () => {
        await work();
        const now = await actions.get(staff, requestId);
        return now.finishedAt !== null && now;
      },
      { what: 'the request is finished', timeoutMs: 30_000, everyMs: 100 },
    );
  }
  return { actions, events, work, runToEnd };
}

const SLUGS = ['a', 'b', 'c', 'd', 'e'];

eachDatabase((_name, open) => {
  it('writes an audit row and an event for each project, and pages through what was asked', async () => {
    const { db } = await open();
    const { targets } = await fleet(SLUGS);
    const { actions, events, runToEnd } = hub(
      db,
      targets.map((one) => (one.slug === 'e' ? { ...one, allowFanout: [] } : one)),
    );
    const answer = await runToEnd(SWEEP);
    expect(answer.counts).toEqual({ pending: 0, sent: 4, denied: 1, failed: 0 });
    const trail = await db
      .withTables<{ audit: { verb: string; project: string; target: string } }>()
      .selectFrom('audit')
      .select(['verb', 'project', 'target'])
      .orderBy('project')
      .execute();
    expect(trail).toEqual(
      SLUGS.map((project) => ({
        verb: project === 'e' ? 'actions.deny' : 'actions.send',
        project,
        target: answer.requestId,
      })),
    );
    expect(await verifyAudit(db)).toMatchObject({ ok: true, entries: 5 });
    const { items } = await events.recent(staff, { limit: 50 });
    expect(items.map(({ type }) => type).sort()).toEqual([
      'action.denied',
      ...Array(4).fill('action.finished'),
      ...Array(4).fill('action.sent'),
    ]);
    for (let i = 0; i < 4; i++) await actions.run(staff, SWEEP);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await actions.list(staff, { limit: 2, cursor });
      seen.push(...page.items.map(({ requestId }) => requestId));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(5);
    expect(seen).toEqual(seen.toSorted().reverse());
    expect((await actions.list({ ...staff, projects: ['a'] }, {})).items[0]?.counts).toEqual({
      pending: 0,
      sent: 1,
      denied: 0,
      failed: 0,
    });
  });

  it('lets exactly one of two hubs take up what a third has left, each project once', async () => {
    const { db } = await open();
    const { posts, targets } = await fleet(SLUGS);
    // The third has written down what it is about to do, and is gone.
    const gone = hub(db, [], 'gone');
    const id = 'act_0000000000000000000000';
    await inTransaction(db, async (trx) => {
      const tables = trx.withTables<ActionTables>();
      await tables
        .insertInto('fanouts')
        .values({
          id,
          action: SWEEP.action,
          instance_action: 'audit.security',
          params: null,
          requested_by: 'ada',
          created_at: clock.now(),
          finished_at: null,
        })
        .execute();
      await tables
        .insertInto('fanout_parts')
        .values(
          SLUGS.map((project) => ({
            ...{
              fanout: id,
              project,
              status: 'sending' as const,
              reason: null,
              attempts: 1,
              due_at: clock.now() - 1,
              holder: 'gone',
            },
            ...{ via: null, audit_id: null, sent_at: null, settled_at: null, collect_at: null, collects: 0 },
            ...{ run_status: null, run: null, run_unknown: null },
          })),
        )
        .execute();
    });
    const [one, two] = [hub(db, targets, 'hub-1'), hub(db, targets, 'hub-2')];
    await Promise.all([one.work(), two.work(), one.work(), two.work()]);
    expect(posts.toSorted()).toEqual(SLUGS.map((slug) => `${id}_${slug}`));
    const detail = await gone.actions.get(staff, id);
    expect(detail).toMatchObject({ finishedAt: expect.any(String), counts: { sent: 5 } });
    expect(detail.results.map(({ attempts, run }) => [attempts, run?.status])).toEqual(
      SLUGS.map(() => [2, 'succeeded']),
    );
  });

  it('no longer sends what was asked for long ago, or is no longer allowed', async () => {
    const { db } = await open();
    const { posts, targets } = await fleet(['a', 'b']);
    const id = 'act_0000000000000000000001';
    const old = clock.now() - 3_600_000;
    const tables = db.withTables<ActionTables>();
    await tables
      .insertInto('fanouts')
      .values(
        [id, `${id}2`].map((one) => ({
          id: one,
          action: SWEEP.action,
          instance_action: 'audit.security',
          params: null,
          requested_by: 'ada',
          created_at: one === id ? old : clock.now(),
          finished_at: null,
        })),
      )
      .execute();
    const part = {
      ...{
        status: 'sending' as const,
        reason: null,
        attempts: 1,
        due_at: old,
        holder: 'gone',
        via: null,
        audit_id: null,
      },
      ...{
        sent_at: null,
        settled_at: null,
        collect_at: null,
        collects: 0,
        run_status: null,
        run: null,
        run_unknown: null,
      },
    };
    await tables
      .insertInto('fanout_parts')
      .values([
        { ...part, fanout: id, project: 'a' },
        { ...part, fanout: `${id}2`, project: 'b' },
      ])
      .execute();
    const { actions, work } = hub(
      db,
      targets.map((one) => (one.slug === 'b' ? { ...one, allowFanout: [] } : one)),
    );
    await work();
    expect(posts).toEqual([]);
    expect((await actions.get(staff, id)).results[0]).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('no longer sent'),
    });
    expect((await actions.get(staff, `${id}2`)).results[0]).toMatchObject({
      status: 'failed',
      reason: 'the project no longer allows it',
    });
  });

  it('asks for the result of a run whose end the instance told by itself, as it tells it without', async () => {
    const { db } = await open();
    const { targets } = await fleet(['a']);
    const { actions, work, runToEnd } = hub(db, targets);
    const { requestId, results } = await runToEnd(SWEEP);
    const parts = db.withTables<ActionTables>();
    await parts.updateTable('fanout_parts').set({ run_status: null, run: null, collect_at: null }).execute();
    await parts.updateTable('fanouts').set({ finished_at: null }).execute();
    const data = { requestId, auditId: results[0]?.auditId, action: 'audit.security', status: 'succeeded' };
    const told = { at: clock.now(), type: 'action.finished', project: 'a', title: 'x', data };
    await inTransaction(db, (trx) => actions.see(trx, [told]));
    expect(await actions.get(staff, requestId)).toMatchObject({
      finishedAt: null,
      runs: { open: 0, succeeded: 1, unknown: 0 },
    });
    const known = await until(
      async () => {
        await work();
        const now = await actions.get(staff, requestId);
        return now.finishedAt !== null && now;
      },
      { what: 'the request is finished', timeoutMs: 30_000, everyMs: 100 },
    );
    expect(known.results[0]?.run).toMatchObject({ status: 'succeeded', result: { ok: 7 } });
  });

  it('believes an instance about its own runs only, and not about one that has ended', async () => {
    const { db } = await open();
    const { targets } = await fleet(['a', 'b']);
    const { actions, runToEnd } = hub(db, targets);
    const { requestId, results } = await runToEnd(SWEEP);
    const told = (project: string, auditId: unknown, status = 'failed') => ({
      ...{ at: clock.now(), type: 'action.finished', project, title: 'x' },
      data: { requestId, auditId, action: 'audit.security', status, startedAt: '2026-01-01T00:00:00Z' },
    });
    const [a, b] = results;
    await inTransaction(db, (trx) =>
      actions.see(trx, [
        told('a', b?.auditId),
        told('b', 'invented'),
        told('a', a?.auditId),
        told('c', a?.auditId),
        told('a', { x: 1 }),
      ]),
    );
    const after = await actions.get(staff, requestId);
    expect(after.results.map(({ run }) => run?.status)).toEqual(['succeeded', 'succeeded']);
    // Of one that is still running it is believed.
    await db.withTables<ActionTables>().updateTable('fanout_parts').set({ run_status: 'running' }).execute();
    await inTransaction(db, (trx) => actions.see(trx, [told('a', a?.auditId), told('a', b?.auditId, 'succeeded')]));
    expect((await actions.get(staff, requestId)).results.map(({ run }) => run?.status)).toEqual(['failed', 'running']);
  });
});
