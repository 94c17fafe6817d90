import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningPostgres, startPostgres } from '../../../../../../test/services/postgres.ts';
import type { Statement } from './collect.ts';
import { type Looked, look } from './look.ts';

/** A real PostgreSQL with pg_stat_statements, and one large table without the index that its statements need. */
let server: RunningPostgres;
let owner: pg.Client;
let client: pg.Client;

beforeAll(async () => {
  server = await startPostgres({ settings: ['shared_preload_libraries=pg_stat_statements'] });
  owner = new pg.Client({ connectionString: server.url });
  await owner.connect();
  await owner.query(`
    CREATE TABLE customers (id int PRIMARY KEY, name text);
    CREATE TABLE orders (id int PRIMARY KEY, "customerId" int, status text, email varchar(80), placed_at timestamptz, paid boolean);
    INSERT INTO customers SELECT i, 'c' || i FROM generate_series(1, 2000) i;
    INSERT INTO orders SELECT i, i % 5000, 'open', 'e' || i, now() - i * interval '1 minute', i % 2 = 0
      FROM generate_series(1, 50000) i;
    CREATE INDEX orders_placed ON orders (placed_at);
    CREATE INDEX orders_placed_again ON orders (placed_at);
    CREATE INDEX orders_placed_status ON orders (placed_at, status);
    CREATE UNIQUE INDEX orders_email ON orders (email);
    ANALYZE;
    CREATE ROLE watcher LOGIN;
  `);
  client = new pg.Client({ connectionString: server.url.replace('orrery@', 'watcher@') });
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await owner?.end();
  await server?.stop();
});

const own = (text: string): Statement => ({ text, calls: 40, totalMs: 900, sharePercent: 80 });
const lookWith = (...statements: Statement[]): Promise<Looked> => look(client, { timeoutMs: 5000, own: statements });
const created = ({ advice }: Looked) => advice.filter(({ kind }) => kind === 'create').map(({ sql }) => sql);

describe('a look at a database without pg_stat_statements', () => {
  beforeAll(async () => {
    await owner.query('GRANT SELECT ON ALL TABLES IN SCHEMA public TO watcher');
  });

  it('finds the index that the product’s own statements miss, and says what it would bring', async () => {
    const looked = await lookWith(own('SELECT * FROM orders WHERE "customerId" = $1 AND paid = $2'));
    const [advice] = looked.advice.filter(({ kind }) => kind === 'create');
    // A column of two values tells too little apart to stand in an index.
    expect(advice).toMatchObject({
      table: 'public.orders',
      columns: ['customerId'],
      sql: 'CREATE INDEX CONCURRENTLY ON public.orders ("customerId")',
      timeSharePercent: 80,
      cost: { how: 'model' },
    });
    expect(looked.notes[0]).toContain('pg_stat_statements is not installed');

    // What it says is so: with the index the real plan is as much cheaper.
    await owner.query('CREATE INDEX wanted ON orders ("customerId")');
    const { rows } = await owner.query('EXPLAIN (FORMAT JSON) SELECT * FROM orders WHERE "customerId" = 7 AND paid');
    const real: number = rows[0]['QUERY PLAN'][0].Plan['Total Cost'];
    expect(advice?.cost?.after).toBeGreaterThan(real / 3);
    expect(advice?.cost?.after).toBeLessThan(real * 3);
    expect(created(await lookWith(own('SELECT * FROM orders WHERE "customerId" = $1 AND paid = $2')))).toEqual([]);
    await owner.query('DROP INDEX wanted');
  });

  it.each([
    ['what an index serves', 'SELECT * FROM orders WHERE email = $1'],
    ['what reads most of a table', 'SELECT count(*) FROM orders WHERE status = $1'],
    ['what a small table answers', 'SELECT * FROM customers WHERE name = $1'],
    ['what compares something made of a column', 'SELECT * FROM orders WHERE lower(status) = $1'],
    ['what cannot be planned', 'SELECT * FROM nowhere WHERE a = $1'],
    ['what is no statement on rows', 'DROP TABLE orders'],
    ['two statements', 'SELECT * FROM orders WHERE "customerId" = $1; DROP TABLE orders'],
  ])('advises nothing for %s', async (_what, text) => expect(created(await lookWith(own(text)))).toEqual([]));

  it('runs nothing, not even what it plans', async () => {
    await owner.query('GRANT UPDATE, DELETE ON orders TO watcher');
    const looked = await lookWith(
      own('UPDATE orders SET status = $1 WHERE "customerId" = $2'),
      own('DELETE FROM orders WHERE "customerId" = $1'),
      own('WITH gone AS (DELETE FROM orders WHERE "customerId" = 7 RETURNING *) SELECT * FROM gone'),
    );
    expect(created(looked)).toHaveLength(1);
    expect((await owner.query("SELECT count(*)::int AS n FROM orders WHERE status = 'open'")).rows).toEqual([
      { n: 50_000 },
    ]);
  });

  it('finds indexes that are there twice, and keeps one of each', async () => {
    const { advice } = await lookWith();
    expect(advice.map(({ kind, sql }) => [kind, sql])).toEqual(
      expect.arrayContaining([
        ['drop-duplicate', 'DROP INDEX CONCURRENTLY public.orders_placed_again'],
        ['drop-duplicate', 'DROP INDEX CONCURRENTLY public.orders_placed'],
      ]),
    );
    // The statistics are minutes old: what was not used in them may be used tomorrow.
    expect(advice.some(({ kind }) => kind === 'drop-unused')).toBe(false);
    expect(advice.some(({ sql }) => /orders_email|orders_pkey|placed_status/.test(sql))).toBe(false);
  });
});

describe('a look at a database with pg_stat_statements', () => {
  beforeAll(async () => {
    await owner.query('CREATE EXTENSION pg_stat_statements; GRANT pg_read_all_stats TO watcher');
    for (let i = 0; i < 20; i++) await owner.query('SELECT id, status FROM orders WHERE "customerId" = $1', [i]);
    for (let i = 0; i < 20; i++)
      await owner.query(`SELECT id FROM orders WHERE "customerId" = ${i} AND placed_at > now()`);
  });

  it('plans what the server has seen, whoever asked it, and takes what is alike together', async () => {
    const looked = await lookWith();
    const [advice, ...others] = looked.advice.filter(({ kind, columns }) => kind === 'create' && columns.length === 1);
    expect(others).toEqual([]);
    expect(advice?.sql).toBe('CREATE INDEX CONCURRENTLY ON public.orders ("customerId")');
    expect(advice?.reason).toContain('20 times so far');
    expect(advice?.timeSharePercent).toBeGreaterThan(0);
    expect(looked.notes.join(' ')).toMatch(/\d+ statements were planned, none was run/);
  });

  it('says what it may not see', async () => {
    await owner.query('REVOKE pg_read_all_stats FROM watcher');
    const { notes } = await lookWith();
    expect(notes.join(' ')).toMatch(/\d+ statements of other users are hidden: grant this user pg_read_all_stats/);
  });
});
