import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningPostgres, startPostgres } from '../../../../../test/services/postgres.ts';
import { until } from '../../../../../test/services/until.ts';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { trying } from './testing.ts';

/** Sessions of a real server that block, idle and wait; the remedy asks as a user with the two roles that it needs, and no more. */
let server: RunningPostgres;
let root: pg.Client;
const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
const sessions: pg.Client[] = [];
const PASSWORD = 'the-password-of-the-healer';

beforeAll(async () => {
  server = await startPostgres();
  root = new pg.Client({ connectionString: server.url });
  await root.connect();
  for (const sql of [
    'CREATE ROLE app LOGIN',
    'CREATE ROLE replicator LOGIN REPLICATION',
    'CREATE ROLE boss LOGIN SUPERUSER',
    `CREATE ROLE healer LOGIN PASSWORD '${PASSWORD}'`,
    'CREATE ROLE blind LOGIN',
    'GRANT pg_monitor, pg_signal_backend TO healer',
    'CREATE TABLE stock (id int PRIMARY KEY, left_over int)',
    'INSERT INTO stock VALUES (1, 10), (2, 20)',
    'GRANT ALL ON stock TO PUBLIC',
  ])
    await root.query(sql);
});
afterEach(async () => {
  await root.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'test-%'");
  await Promise.all(sessions.splice(0).map((client) => client.end().catch(() => undefined)));
});
afterAll(async () => {
  await root?.end();
  await server?.stop();
  outbound.close();
});

const as = (user: string, password = '') => {
  const url = new URL(server.url);
  url.username = user;
  url.password = password;
  return url.href;
};
async function session(user: string, name: string): Promise<{ client: pg.Client; pid: number }> {
  const client = new pg.Client({ connectionString: as(user), application_name: name });
  client.on('error', () => undefined);
  sessions.push(client);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return { client, pid: rows[0]?.pid ?? 0 };
}
async function holder(user: string, name: string): Promise<{ client: pg.Client; pid: number }> {
  const one = await session(user, name);
  await one.client.query('BEGIN');
  await one.client.query("UPDATE stock SET left_over = 4111111 WHERE id = 1 AND 'c4rd-number' <> ''");
  return one;
}
/** A session that waits for the row, and what becomes of it. */
async function waiter(name = 'test-waiter') {
  const { client, pid } = await session('app', name);
  const done = client.query('UPDATE stock SET left_over = left_over - 1 WHERE id = 1').then(
    () => 'went on',
    (error: Error) => error.message,
  );
  await until(
    async () =>
      (await root.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", [pid])).rowCount,
    { what: 'it waits for the lock' },
  );
  return { pid, done };
}
const lives = async (pid: number) =>
  ((await root.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid])).rowCount ?? 0) > 0;
const remedy = (more: object) =>
  trying(outbound, { kind: 'postgres', url: as('healer', PASSWORD), databases: ['postgres'], grace: '500ms', ...more });
/** Tries until the server's own clock has passed the threshold. */
const acted = (more: object) =>
  until(
    async () => {
      const answer = await remedy(more).act();
      return answer.needless ? undefined : answer;
    },
    { what: 'there is something to do', timeoutMs: 20_000, everyMs: 200 },
  );

describe('a session that', () => {
  test('is idle in a transaction is ended after its time, and who waited for it goes on', async () => {
    const idle = await holder('app', 'test-idle');
    const waits = await waiter();
    expect(await remedy({ idleInTransactionFor: '1h' }).act()).toMatchObject({ done: false, needless: true });
    expect(await lives(idle.pid)).toBe(true);
    const did = await acted({ idleInTransactionFor: '1s' });
    expect(did.done).toBe(true);
    expect(did.detail).toMatch(
      new RegExp(
        `^its session was ended: session ${idle.pid} of app in postgres \\(idle in transaction, idle for \\d+ s, last UPDATE [0-9a-f]{12}\\)$`,
      ),
    );
    expect(JSON.stringify([did, remedy({ idleInTransactionFor: '1s' }).text])).not.toMatch(
      /c4rd|4111111|healer|password/,
    );
    expect(await waits.done).toBe('went on');
    await until(async () => !(await lives(idle.pid)), { what: 'it is gone' });
  });

  test('blocks another with a statement that runs has it cancelled, and keeps its session', async () => {
    const blocker = await holder('app', 'test-blocker');
    const cancelled = blocker.client.query('SELECT pg_sleep(600)').catch((error: Error) => error.message);
    const waits = await waiter();
    const did = await acted({ blockingFor: '1s' });
    expect(did.detail).toContain(`its statement was cancelled: session ${blocker.pid} of app`);
    expect(await cancelled).toContain('canceling statement');
    expect(await waits.done).toBe('went on');
    expect(await lives(blocker.pid)).toBe(true);
  });

  test('blocks another and takes no cancel is ended after the grace', async () => {
    const blocker = await holder('app', 'test-blocker');
    // A block that catches the cancel and goes on.
    const stubborn = `DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN END; END LOOP; END $$`;
    const gone = blocker.client.query(stubborn).catch((error: Error) => error.message);
    const waits = await waiter();
    const did = await acted({ blockingFor: '1s' });
    expect(did.detail).toContain(`its session was ended: session ${blocker.pid} of app in postgres (active, blocking`);
    expect(await gone).toMatch(/terminat/);
    expect(await waits.done).toBe('went on');
  });

  test('waits itself is not what blocks: only the head of the queue is ended', async () => {
    const head = await holder('app', 'test-head');
    const second = await waiter('test-second');
    const third = await waiter('test-third');
    const did = await acted({ blockingFor: '1s', maxBackends: 5 });
    expect(did.detail).toContain(`session ${head.pid} of`);
    expect(did.detail).not.toMatch(new RegExp(`session (${second.pid}|${third.pid}) `));
    expect([await second.done, await third.done]).toEqual(['went on', 'went on']);
  });

  test('is a superuser’s, of replication, a hub’s or out of scope is left alone', async () => {
    const boss = await holder('boss', 'test-boss');
    const others = [boss];
    for (const [user, name] of [
      ['replicator', 'test-replicator'],
      ['app', 'orrery'],
      ['app', 'test-out-of-scope'],
    ] as const) {
      const one = await session(user, name);
      await one.client.query('BEGIN');
      await one.client.query('SELECT 1 FROM stock');
      others.push(one);
    }
    const mine = await session('app', 'test-scope');
    await mine.client.query('BEGIN');
    await mine.client.query('SELECT 1 FROM stock');
    const limits = { idleInTransactionFor: '1s', maxBackends: 20 };
    const inScope = ['orrery', 'test-boss', 'test-replicator', 'test-scope'];
    const did = await acted({ ...limits, applications: inScope });
    expect(did.detail).toMatch(new RegExp(`^its session was ended: session ${mine.pid} of app[^;]*$`));
    for (const { pid } of others) expect(await lives(pid)).toBe(true);
    expect(await remedy({ ...limits, applications: inScope }).act()).toMatchObject({ needless: true });
  });

  test('ends by itself between the look and the act is not mistaken for another', async () => {
    const { CANCEL_SQL, TERMINATE_SQL, FIND_SQL } = await import('./postgresSql.ts');
    const idle = await holder('app', 'test-idle');
    const limits = [0, null, null, ['app'], null];
    const { rows } = await root.query(FIND_SQL, limits);
    const found = rows.find(({ pid }) => pid === idle.pid);
    expect(found).toBeDefined();
    await idle.client.query('COMMIT');
    for (const sql of [CANCEL_SQL, TERMINATE_SQL])
      expect((await root.query(sql, [...limits, found.pid, found.started])).rows).toEqual([]);
    // The same process number, another session.
    await idle.client.query('BEGIN');
    await idle.client.query('SELECT 1');
    expect((await root.query(TERMINATE_SQL, [...limits, found.pid, '2001-01-01'])).rows).toEqual([]);
    expect(await lives(idle.pid)).toBe(true);
  });
});

test('ends no more than it may at once, the longest first', async () => {
  const all: { pid: number }[] = [];
  for (const name of ['test-1', 'test-2', 'test-3']) {
    const one = await session('app', name);
    await one.client.query('BEGIN');
    await one.client.query('SELECT 1');
    all.push(one);
  }
  const did = await acted({ idleInTransactionFor: '1s', maxBackends: 1 });
  expect(did.detail).toContain(`session ${all[0]?.pid} of`);
  await until(async () => !(await lives(all[0]?.pid ?? 0)), { what: 'the first is gone' });
  expect(await Promise.all(all.slice(1).map(({ pid }) => lives(pid)))).toEqual([true, true]);
});

describe('what the remedy is told', () => {
  test.each([
    [{}, /needs .*idleInTransactionFor/],
    [{ blockingFor: '1s' }, /needs at least one of .*databases/],
    [{ blockingFor: '1s', users: [] }, 'Too small'],
    [{ blockingFor: '1s', users: ['app'], url: 'http://x' }, 'must be a postgres:// URL'],
    [{ blockingFor: '1s', users: ['app'], maxBackends: 500 }, 'Too big'],
  ])('%j is refused', (more, words) => {
    expect(() => trying(outbound, { kind: 'postgres', url: 'postgres://h/d', ...more })).toThrow(words);
  });

  test('a private address is refused where those are not allowed, as for the probe', async () => {
    const closed = createOutbound({ clock: systemClock, allowPrivate: false });
    try {
      const did = await trying(closed, {
        ...{ kind: 'postgres', url: as('healer', PASSWORD), users: ['app'], blockingFor: '1s' },
      }).act();
      expect(did).toMatchObject({ done: false, detail: expect.stringContaining('private') });
      expect(did.detail).not.toContain(PASSWORD);
    } finally {
      closed.close();
    }
  });

  test('a user that may not see the sessions of others says so', async () => {
    const idle = await holder('app', 'test-idle');
    const did = await trying(outbound, {
      ...{ kind: 'postgres', url: as('blind'), users: ['app'], idleInTransactionFor: '1s' },
    }).act();
    expect(did).toMatchObject({ done: false, detail: expect.stringContaining('grant it pg_monitor') });
    expect(await lives(idle.pid)).toBe(true);
  });
});
