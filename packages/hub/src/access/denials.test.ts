import { DENIED } from '@orrery/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import type { Refusal } from '../platform/http/refusal.ts';
import { silentLog, temporaryDatabase } from '../platform/testing.ts';
import { verifyAudit } from './audit.ts';
import { anonymousCaller, type Caller } from './caller.ts';
import { createDenials, isAttempt } from './denials.ts';
import type { AccessTables } from './tables.ts';

const viewer: Caller = { ...anonymousCaller, kind: 'key', id: '0011', name: 'ci', projects: 'all' };
const limited: Caller = { ...viewer, id: '0022', projects: ['veria'] };
const refusal = (more: Partial<Refusal<Caller>> = {}): Refusal<Caller> => ({
  caller: viewer,
  ip: '192.0.2.7',
  method: 'POST',
  route: '/api/keys',
  auth: 'configure',
  status: 403,
  detail: 'This needs the permission configure.',
  named: false,
  asked: '/api/keys',
  ...more,
});

async function house(options: { flushMs?: number } = {}) {
  const database = await temporaryDatabase();
  onTestFinished(() => database.close());
  let monotonic = 0;
  const clock = { ...systemClock, monotonic: () => monotonic };
  const pass = (ms: number) => {
    monotonic += ms;
  };
  const denials = createDenials({ db: database.db, clock, log: silentLog, flushMs: 3_600_000, ...options });
  const rows = async () => {
    const found = await database.db.withTables<AccessTables>().selectFrom('audit').selectAll().orderBy('seq').execute();
    return found.map((row) => ({ ...row, after: JSON.parse(row.after_state ?? 'null') }));
  };
  return { database, denials, rows, pass };
}

test.each([
  ['a credential that is not good', { caller: undefined, status: 401 }, true],
  ['nobody who has not signed in yet', { caller: anonymousCaller, status: 401 }, false],
  ['a sign-in with a wrong password', { caller: anonymousCaller, status: 401, auth: 'public' }, true],
  ['what a role may not do', { status: 403 }, true],
  ['an id that does not exist for somebody who sees a part', { caller: limited, status: 404, named: true }, true],
  ['an id of another tenant', { caller: { ...viewer, tenant: 'acme' }, status: 404, named: true }, true],
  ['an id that does not exist at all', { status: 404, named: true }, false],
  ['an id that nobody asks for', { caller: anonymousCaller, status: 404, named: true }, false],
] as const)('%s: attempt or not', (_what, more, expected) => {
  expect(isAttempt(refusal(more as Partial<Refusal<Caller>>))).toBe(expected);
});

test('alike attempts are one entry with their count, who, what, from where and when', async () => {
  const { database, denials, rows } = await house();
  for (let i = 0; i < 500; i++) denials.note(refusal({ asked: `/api/keys/${i}` }));
  denials.note(refusal({ caller: undefined, status: 401, detail: 'The key is not good.' }));
  await denials.flush();
  expect(await rows()).toMatchObject([
    {
      verb: DENIED,
      actor_kind: 'key',
      actor_id: '0011',
      actor_name: 'ci',
      ip: '192.0.2.7',
      target: 'POST /api/keys',
      after: { status: 403, count: 500, asked: ['/api/keys/0', '/api/keys/1', '/api/keys/2'] },
    },
    { actor_kind: 'anonymous', actor_name: 'unknown credential', after: { status: 401, count: 1 } },
  ]);
  expect(await verifyAudit(database.db)).toMatchObject({ ok: true, entries: 2 });
});

test('what an unknown caller writes into an address is not kept', async () => {
  const { denials, rows } = await house();
  denials.note(refusal({ caller: undefined, status: 401, asked: '/api/fed/projects/secret-canary' }));
  await denials.close();
  expect(JSON.stringify(await rows())).not.toContain('canary');
});

test('a flood of callers, routes and addresses is bounded in memory, in entries and in what waits; its count is whole', async () => {
  const { denials, rows, pass } = await house();
  const told = 50_000;
  for (let i = 0; i < told; i++)
    denials.note(
      refusal({ caller: undefined, status: 401, ip: `203.0.${i % 250}.${(i * 7) % 251}`, route: `/r/${i % 60}` }),
    );
  expect(denials.waiting()).toBeLessThanOrEqual(1010);
  await denials.flush();
  expect(await rows()).toHaveLength(100);
  await denials.flush();
  expect(await rows()).toHaveLength(100);
  pass(60_000);
  await denials.flush();
  expect(await rows()).toHaveLength(106);
  await denials.close();
  const all = await rows();
  expect(all.length).toBeLessThanOrEqual(1010);
  expect(all.reduce((sum, { after }) => sum + after.count, 0)).toBe(told);
});

test('one who knocks at every door does not crowd out the others', async () => {
  const { denials, rows } = await house();
  for (let i = 0; i < 500; i++) denials.note(refusal({ route: `/r/${i}` }));
  denials.note(refusal({ caller: limited, status: 404, named: true, route: '/api/x/{id}', ip: '192.0.2.9' }));
  await denials.close();
  const all = await rows();
  expect(all).toHaveLength(22);
  expect(all.filter(({ target }) => target === 'several routes')).toMatchObject([{ after: { count: 480 } }]);
});

test('nothing is lost at a stop, nor to a database that was away once', async () => {
  const { database, denials, rows } = await house();
  denials.note(refusal());
  const failing = createDenials({
    db: {
      ...database.db,
      isTransaction: false,
      transaction: () => {
        throw new Error('away');
      },
    } as never,
    clock: systemClock,
    log: silentLog,
    flushMs: 3_600_000,
  });
  failing.note(refusal());
  await failing.flush();
  expect(failing.waiting()).toBe(1);
  await denials.close();
  expect(await rows()).toHaveLength(1);
  denials.note(refusal());
  expect(denials.waiting()).toBe(0);
});

test('they are written by themselves', async () => {
  const { denials, rows } = await house({ flushMs: 5 });
  denials.note(refusal());
  await expect.poll(rows).toHaveLength(1);
  denials.note(refusal());
  await expect.poll(rows).toHaveLength(2);
  await denials.close();
});
