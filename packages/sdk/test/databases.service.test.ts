import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createInstance, type Instance } from '../src/index.ts';
import { tracePool } from '../src/pg.ts';
import { orrery } from '../src/prisma.ts';

const root = join(import.meta.dirname, '../../..');
const admin = new pg.Client({ connectionString: inject('postgresUrl') });
const name = `sdk_${process.pid}`;
const url = inject('postgresUrl').replace(/\/[^/]*$/, `/${name}`);

beforeAll(async () => {
  await admin.connect();
  await admin.query(`create database ${name}`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create table "Order" (id serial primary key, email text unique not null, amount int not null)');
  await client.end();
});
afterAll(async () => {
  await admin.query(`drop database ${name} with (force)`);
  await admin.end();
});

const fresh = () => createInstance({ project: 'shop', version: '1' });
const shapes = (instance: Instance) =>
  Object.fromEntries(instance.queries.top(100).map(({ statement, ...row }) => [statement, row]));

describe('the pg adapter, on a real PostgreSQL', () => {
  const instance = fresh();
  const pool = tracePool(instance, new pg.Pool({ connectionString: url, max: 2 }));
  afterAll(() => pool.end());

  it('records text, rows and error code of every way to query, and no parameter', async () => {
    await pool.query('insert into "Order" (email, amount) values ($1, $2)', ['ada@example.com', 4711]);
    await pool.query({
      text: 'insert into "Order" (email, amount) values ($1, $2)',
      values: ['bob@example.com', 42],
      name: 'ins',
    });
    await pool.query(
      "select * from \"Order\" where email in ('ada@example.com', 'bob@example.com') /* who=ada@example.com */",
    );
    const client = await pool.connect();
    await client.query('begin');
    await client.query('update "Order" set amount = amount + 4711');
    await client.query('rollback');
    const rows = await new Promise((resolve, reject) =>
      client.query('select id from "Order" where amount > $1', [4000], (error: Error | null, result) =>
        error ? reject(error) : resolve(result.rows),
      ),
    );
    client.release();
    expect(rows).toHaveLength(1);
    await expect(
      pool.query('insert into "Order" (email, amount) values ($1, $2)', ['ada@example.com', 1]),
    ).rejects.toThrow(/duplicate key/);
    await expect(pool.query('select nothing from nowhere')).rejects.toThrow();

    expect(shapes(instance)).toMatchObject({
      'insert into "Order" (email, amount) values (?)': { queries: 3, rows: 2, errors: 1, lastError: '23505' },
      'select * from "Order" where email in (?)': { queries: 1, rows: 2, errors: 0 },
      'update "Order" set amount = amount + ?': { queries: 1, rows: 2 },
      'select id from "Order" where amount > ?': { queries: 1, rows: 1 },
      'select nothing from nowhere': { queries: 1, errors: 1, lastError: '42P01' },
    });
    expect(instance.queries.totals()).toMatchObject({ queries: 9, errors: 2 });
    expect(JSON.stringify(instance.queries.top(100))).not.toMatch(/ada|bob|4711/);
    expect((await instance.metrics()).metrics).toMatchObject({ 'db.queries': 9, 'db.errors': 2 });
  });

  it('measures how long the database took', async () => {
    await pool.query('select pg_sleep($1)', [0.12]);
    expect(instance.queries.top(1)[0]).toMatchObject({ statement: 'select pg_sleep(?)' });
    expect(instance.queries.top(1)[0]?.p95Ms).toBeGreaterThan(110);
  });

  it('follows what submits itself, such as a cursor, until the server is ready again', async () => {
    const client = await pool.connect();
    const before = instance.queries.totals().queries;
    const query = client.query(new pg.Query('select 7 as lucky'));
    await new Promise((resolve) => query.once('end', resolve));
    client.release();
    expect(instance.queries.totals().queries).toBe(before + 1);
    expect(shapes(instance)).toHaveProperty(['select ? as lucky']);
  });
});

describe('the Prisma extension, on the real Prisma 7 client and PostgreSQL', () => {
  const folder = mkdtempSync(join(import.meta.dirname, '.prisma-'));
  const instance = fresh();
  let prisma: GeneratedClient & { $disconnect(): Promise<void> };

  beforeAll(async () => {
    mkdirSync(join(folder, 'src'));
    writeFileSync(
      join(folder, 'schema.prisma'),
      `generator client {\n provider = "prisma-client"\n output = "./src/generated"\n}\ndatasource db {\n provider = "postgresql"\n}\nmodel Order {\n id Int @id @default(autoincrement())\n email String @unique\n amount Int\n}\n`,
    );
    // Only migrations need the schema engine, a binary from Prisma's site; naming any file keeps "generate" off the network.
    const env = {
      ...process.env,
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    };
    execFileSync(join(root, 'node_modules/.bin/prisma'), ['generate', '--schema', 'schema.prisma'], {
      cwd: folder,
      env,
      stdio: 'pipe',
    });
    const generated = (await import(join(folder, 'src/generated/client.ts'))) as {
      PrismaClient: new (options: object) => Extendable;
    };
    prisma = new generated.PrismaClient({ adapter: new PrismaPg({ connectionString: url }) }).$extends(
      orrery(instance),
    );
  });
  afterAll(async () => {
    await prisma?.$disconnect();
    rmSync(folder, { recursive: true, force: true });
  });

  it('records model operations, raw SQL, rows and error codes, and no argument', async () => {
    await prisma.order.deleteMany({});
    await prisma.order.create({ data: { email: 'eve@example.com', amount: 815 } });
    expect(await prisma.order.findMany({ where: { amount: 815 } })).toHaveLength(1);
    await expect(prisma.order.create({ data: { email: 'eve@example.com', amount: 1 } })).rejects.toThrow();
    expect(await prisma.$queryRaw`select email from "Order" where amount = ${815}`).toEqual([
      { email: 'eve@example.com' },
    ]);
    expect(
      await prisma.$executeRawUnsafe('update "Order" set amount = amount + 1 where email = $1', 'eve@example.com'),
    ).toBe(1);
    await prisma.$transaction([
      prisma.order.create({ data: { email: 'sue@example.com', amount: 2 } }),
      prisma.order.create({ data: { email: 'kim@example.com', amount: 3 } }),
    ]);
    expect(await prisma.order.count()).toBe(3);

    expect(shapes(instance)).toMatchObject({
      'Order.deleteMany': { queries: 1 },
      'Order.create': { queries: 4, errors: 1, rows: 3, lastError: 'P2002' },
      'Order.findMany': { queries: 1, rows: 1 },
      'Order.count': { queries: 1 },
      'select email from "Order" where amount = ?': { queries: 1, rows: 1 },
      'update "Order" set amount = amount + ? where email = ?': { queries: 1, rows: 1 },
    });
    expect(JSON.stringify(instance.queries.top(100))).not.toMatch(/eve|sue|kim|815/);
  });

  it('undoes a transaction that fails, as without the extension', async () => {
    const before = await prisma.order.count();
    await expect(
      prisma.$transaction([
        prisma.order.create({ data: { email: 'new@example.com', amount: 1 } }),
        prisma.order.create({ data: { email: 'eve@example.com', amount: 1 } }),
      ]),
    ).rejects.toThrow();
    expect(await prisma.order.count()).toBe(before);
  });

  it('has a type that the generated client accepts and that keeps the types of its results', () => {
    writeFileSync(
      join(folder, 'src/typed.ts'),
      `import { PrismaClient } from './generated/client.ts';
import { createInstance } from '../../../src/index.ts';
import { orrery } from '../../../src/prisma.ts';
export async function typed(adapter: ConstructorParameters<typeof PrismaClient>[0]) {
  const prisma = new PrismaClient(adapter).$extends(orrery(createInstance({ project: 'shop', version: '1' })));
  const orders: { id: number; email: string; amount: number }[] = await prisma.order.findMany();
  // @ts-expect-error: a field that the model does not have
  await prisma.order.findMany({ where: { nothing: 1 } });
  return orders;
}
`,
    );
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../../tsconfig.base.json', include: ['src/typed.ts'] }),
    );
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
  });
});

type Row = { id: number; email: string; amount: number };
type GeneratedClient = {
  order: {
    create(args: object): Promise<Row>;
    findMany(args?: object): Promise<Row[]>;
    deleteMany(args: object): Promise<unknown>;
    count(): Promise<number>;
  };
  $queryRaw(text: TemplateStringsArray, ...values: unknown[]): Promise<unknown>;
  $executeRawUnsafe(text: string, ...values: unknown[]): Promise<number>;
  $transaction(operations: Promise<unknown>[]): Promise<unknown[]>;
};
type Extendable = { $extends(extension: object): GeneratedClient & { $disconnect(): Promise<void> } };
