import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { startPostgres } from '../../../../../test/services/postgres.ts';
import { until } from '../../../../../test/services/until.ts';
import { openDatabase } from '../../platform/db.ts';
import { CERTIFICATE, PRIVATE_KEY } from '../../platform/outbound/certificate.fixture.ts';
import { figureOf, openOutbound, probing } from './testing.ts';

const outbound = openOutbound();
const cleanUp: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
  outbound.close();
});
const probe = (declared: object) => probing(outbound, { timeout: '20s', ...declared }).check;

describe('postgres, the real one', () => {
  const at = (more: object = {}, change: (url: URL) => void = () => undefined) => {
    const url = new URL(inject('postgresUrl'));
    change(url);
    return probe({ kind: 'postgres', url: url.href, ...more });
  };

  test('is up with its figures', async () => {
    const outcome = await at()();
    expect(outcome).toMatchObject({ status: 'up', heard: true });
    for (const key of [
      'connections',
      'connections_percent',
      'database_bytes',
      'deadlocks',
      'oldest_transaction_seconds',
    ])
      expect(figureOf(outcome, `postgres.${key}`), key).toBeGreaterThanOrEqual(0);
    expect(figureOf(outcome, 'postgres.replication_lag_seconds')).toBeUndefined();
  });

  test.each([
    [{ query: 'SELECT 41 + 1', expect: '42' }, 'up', undefined],
    [{ query: "SELECT 'x'::text, 2", expect: 'x' }, 'up', undefined],
    [{ query: 'SELECT true', expect: 't' }, 'up', undefined],
    [{ query: 'SHOW server_encoding', expect: 'UTF8' }, 'up', undefined],
    [{ query: 'SELECT 1', expect: '2' }, 'down', 'the query brought "1", expected "2"'],
    [{ query: 'SELECT NULL', expect: '2' }, 'down', 'the query brought NULL, expected "2"'],
    [{ query: 'SELECT 1 WHERE false', expect: '2' }, 'down', 'the query brought no row, expected "2"'],
    [{ query: 'SELECT secret' }, 'down', 'the query names a column that does not exist (42703)'],
    [{ query: 'SELECT 1 FROM nowhere' }, 'down', 'the query names a table that does not exist (42P01)'],
    [
      { query: 'CREATE TABLE probed (a int)' },
      'down',
      'the query would write, and runs in a read-only transaction (25006)',
    ],
    [
      { query: 'COMMIT; CREATE TABLE probed (a int)' },
      'down',
      'the query is no valid SQL, or more than one statement (42601)',
    ],
  ])('%j is %s', async (more, status, reason) => {
    const outcome = await at(more)();
    expect([outcome.status, outcome.reason]).toEqual([status, reason]);
  });

  test('a query that takes too long is ended on the server too', async () => {
    const mark = 'orrery_probe_sleep';
    const outcome = await at({ query: `SELECT pg_sleep(600) AS ${mark}`, timeout: '1s' })();
    expect(outcome).toMatchObject({ status: 'down', reason: expect.stringMatching(/took too long|within 1000 ms/) });
    const { db, close } = await openDatabase({ dataDir: '', url: inject('postgresUrl') });
    cleanUp.push(close);
    await until(
      async () => {
        const { rows } = await sql<{ n: number }>`
          SELECT count(*)::int AS n FROM pg_stat_activity
          WHERE query LIKE ${`%pg_sleep%${mark}%`} AND state = 'active' AND pid <> pg_backend_pid()`.execute(db);
        return rows[0]?.n === 0;
      },
      { timeoutMs: 20_000, what: 'the server ended the query' },
    );
  });

  test('an answer without measure is not taken', async () => {
    const outcome = await at({ query: "SELECT repeat('x', 50000000)" })();
    expect(outcome).toMatchObject({ status: 'down', reason: expect.stringMatching(/larger than 1048576 bytes/) });
  });

  test('who may not come in is told why, without the password', async () => {
    const { db, close } = await openDatabase({ dataDir: '', url: inject('postgresUrl') });
    cleanUp.push(close);
    await sql.raw("CREATE ROLE probe_reader LOGIN PASSWORD 'S3CRET'").execute(db);
    cleanUp.push(async () => void (await sql.raw('DROP ROLE probe_reader').execute(db)));
    const outcomes = await Promise.all([
      at({}, (url) => {
        url.username = 'nobody';
        url.password = 'S3CRET';
      })(),
      at({}, (url) => {
        url.pathname = '/nowhere';
      })(),
      at({}, (url) => {
        url.searchParams.set('sslmode', 'verify-full');
      })(),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['down', 'down', 'down']);
    expect(outcomes[0]?.reason).toMatch(/\(28000\)/);
    expect(outcomes[1]?.reason).toBe('there is no such database (3D000)');
    expect(outcomes[2]?.reason).toMatch(/speaks no TLS/);
    expect(JSON.stringify(outcomes)).not.toContain('S3CRET');
    const reader = await at({}, (url) => {
      url.username = 'probe_reader';
      url.password = 'S3CRET';
    })();
    expect(reader).toMatchObject({ status: 'up' });
    expect(figureOf(reader, 'postgres.connections_percent')).toBeGreaterThan(0);
  });
});

test('a server that asks for a password and speaks TLS is judged by both', async () => {
  const server = await startPostgres();
  cleanUp.push(server.stop);
  const { db, close } = await openDatabase({ dataDir: '', url: server.url });
  const { rows } = await sql<{ file: string }>`SELECT setting AS file FROM pg_settings WHERE name = 'hba_file'`.execute(
    db,
  );
  const hba = rows[0]?.file ?? '';
  const { uid, gid } = statSync(hba);
  const own = (name: string, text: string) => {
    const file = join(dirname(hba), name);
    writeFileSync(file, text, { mode: 0o600 });
    chownSync(file, uid, gid);
  };
  own('server.crt', CERTIFICATE);
  own('server.key', PRIVATE_KEY);
  writeFileSync(
    hba,
    `host all ada 127.0.0.1/32 scram-sha-256\nhostssl all eve 127.0.0.1/32 md5\nhostnossl all eve 127.0.0.1/32 reject\n${readFileSync(hba, 'utf8')}`,
  );
  for (const statement of [
    "CREATE ROLE ada LOGIN PASSWORD 'open sesame'",
    "SET password_encryption = 'md5'; CREATE ROLE eve LOGIN PASSWORD 'open sesame'",
    'ALTER SYSTEM SET ssl = on',
    'SELECT pg_reload_conf()',
  ])
    await sql.raw(statement).execute(db);
  const at = (user: string, password: string, host: string, query: string, tls?: object) => {
    const url = new URL(server.url);
    Object.assign(url, { username: user, password, hostname: host, search: query });
    return probe({ kind: 'postgres', url: url.href, ...(tls ? { tls } : {}) })();
  };
  await until(async () => (await at('eve', 'open sesame', '127.0.0.1', 'sslmode=require')).status === 'up', {
    timeoutMs: 20_000,
    what: 'the server takes up its certificate',
  });
  await close();
  const ca = { ca: CERTIFICATE };
  const cases: [Promise<{ status: string; reason?: string }>, string, RegExp?][] = [
    [at('ada', 'open sesame', '127.0.0.1', ''), 'up'],
    [at('ada', 'wrong', '127.0.0.1', ''), 'down', /28P01/],
    [at('ada', '', '127.0.0.1', ''), 'down', /the login failed/],
    [at('ada', 'open sesame', '127.0.0.1', 'sslmode=require'), 'up'],
    [at('ada', 'open sesame', '127.0.0.1', 'sslmode=verify-full'), 'down', /self-signed/],
    [at('ada', 'open sesame', '127.0.0.1', 'sslmode=verify-full', ca), 'up'],
    [at('ada', 'open sesame', 'localhost', '', ca), 'up'],
    [at('ada', 'open sesame', '127.0.0.1', '', { ...ca, serverName: 'elsewhere.example' }), 'down', /another host/],
    [at('ada', 'open sesame', '127.0.0.1', 'sslmode=verify-ca', { ...ca, serverName: 'elsewhere.example' }), 'up'],
    [at('eve', 'open sesame', '127.0.0.1', ''), 'down', /28000/],
  ];
  for (const [asked, status, reason] of cases) {
    const outcome = await asked;
    expect(outcome.status, outcome.reason).toBe(status);
    if (reason) expect(outcome.reason).toMatch(reason);
    expect(outcome.reason ?? '').not.toContain('sesame');
  }
});
