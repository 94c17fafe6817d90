import { Logs } from '@orrery/protocol';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createInstance, type Instance } from '../src/index.ts';

const KEY = 'the-key';
const create = (logCapacity = 100) => createInstance({ project: 'veria', version: '1', apiKey: KEY, logCapacity });
type Page = {
  entries: { at: string; level: string; message: string; fields?: Record<string, unknown> }[];
  nextCursor?: string;
};

async function read(instance: Instance, query = ''): Promise<Page> {
  const response = await instance.handle(new Request(`http://p/api/logs${query}`, { headers: { 'x-api-key': KEY } }));
  return (await response?.json()) as Page;
}
const messages = async (instance: Instance, query = '') =>
  (await read(instance, query)).entries.map((entry) => entry.message);

describe('the log ring', () => {
  it('pages with a cursor: every line once and in order, also those written in between, until a page comes empty', async () => {
    const instance = create();
    for (let i = 0; i < 25; i++) instance.logs.write('info', `line ${i}`);
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 10; page++) {
      const { entries, nextCursor } = await read(instance, `?limit=10${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...entries.map((entry) => entry.message));
      if (!nextCursor) break;
      cursor = nextCursor;
      if (page === 1) instance.logs.write('info', 'line 25');
    }
    expect(seen).toEqual(Array.from({ length: 26 }, (_, i) => `line ${i}`));
    instance.logs.write('info', 'later');
    expect(await messages(instance, `?cursor=${cursor}`)).toEqual(['later']);
  });

  it('keeps the newest lines only, and begins again when a cursor is of another life', async () => {
    const instance = create(10);
    for (let i = 0; i < 25; i++) instance.logs.write('info', `line ${i}`);
    expect(await messages(instance)).toEqual(Array.from({ length: 10 }, (_, i) => `line ${i + 15}`));
    const { nextCursor } = await read(instance);
    const restarted = create(10);
    restarted.logs.write('info', 'after the restart');
    expect(await messages(restarted, `?cursor=${nextCursor}`)).toEqual(['after the restart']);
  });

  it('filters by lowest level and by time', async () => {
    const instance = create();
    for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const) instance.logs.write(level, level);
    expect(await messages(instance, '?level=warn')).toEqual(['warn', 'error', 'fatal']);
    expect(await messages(instance, '?since=2020-01-01T00:00:00Z')).toHaveLength(5);
    expect(await messages(instance, '?since=2999-01-01T00:00:00Z')).toEqual([]);
  });

  it.each(['since=yesterday', 'level=loud', 'limit=0', 'limit=ten', 'limit=-1', 'cursor=__proto__', 'cursor=..'])(
    'refuses %s by name',
    async (query) => {
      const response = await create().handle(
        new Request(`http://p/api/logs?${query}`, { headers: { 'x-api-key': KEY } }),
      );
      expect(response?.status).toBe(400);
      expect(await response?.json()).toMatchObject({
        error: 'invalid',
        fields: [{ field: query.split('=')[0], reason: expect.any(String) }],
      });
    },
  );

  it('masks secrets in fields and messages, and keeps the rest readable', async () => {
    const instance = create();
    instance.logs.write(
      'info',
      'GET https://ada:hunter2@host/x with Bearer abc.def.ghi and password=hunter2, token: "hunter2"',
      {
        user: 'ada',
        password: 'hunter2',
        headers: {
          Authorization: 'Bearer hunter2',
          cookie: 'sid=hunter2',
          'x-api-key': 'hunter2',
          accept: 'text/html',
        },
        accessToken: 'hunter2',
        client_secret: 'hunter2',
        list: [{ apiKey: 'hunter2', id: 7 }],
        totalTokens: 812,
        count: 12,
        passenger: 'kept',
        nested: JSON.parse('{"__proto__":{"polluted":true},"ok":1}'),
      },
    );
    const [entry] = (await read(instance)).entries;
    expect(JSON.stringify(entry)).not.toContain('hunter2');
    expect(JSON.stringify(entry)).not.toContain('abc.def');
    expect(entry?.fields).toMatchObject({
      user: 'ada',
      passenger: 'kept',
      headers: { accept: 'text/html' },
      list: [{ id: 7 }],
      nested: { ok: 1 },
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('survives whatever a product logs: circles, getters that throw, depth, size, errors, odd values', async () => {
    const instance = create();
    const circle: Record<string, unknown> = {
      big: 12n,
      nan: Number.NaN,
      when: new Date(Number.NaN),
      call: () => 1,
      bytes: Buffer.alloc(9),
    };
    circle.self = circle;
    Object.defineProperty(circle, 'bad', {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    });
    let deep: Record<string, unknown> = {};
    for (let i = 0; i < 10_000; i++) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
    instance.logs.write('error', 'x'.repeat(100_000), {
      circle,
      deep,
      wide,
      err: new TypeError('broken', { cause: circle }),
    });
    const page = await read(instance);
    expect(JSON.stringify(page).length).toBeLessThan(30_000);
    expect(page.entries[0]?.fields).toMatchObject({
      circle: { self: '[circular]', big: '12', bad: '[unreadable]' },
      err: { name: 'TypeError', message: 'broken' },
    });
  });
});

describe('a line of the log', () => {
  it('is small whatever graph of objects it is given', async () => {
    const instance = create();
    const leaf = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`leaf${i}`, 'x'.repeat(3000)]));
    const tree = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`branch${i}`, { a: leaf, b: [leaf, leaf], c: { d: leaf } }]),
    );
    const started = performance.now();
    for (let i = 0; i < 100; i++) instance.logs.write('info', 'tree', { tree });
    expect(performance.now() - started).toBeLessThan(1000);
    const { entries } = await read(instance);
    for (const entry of entries) expect(JSON.stringify(entry).length).toBeLessThan(40_000);
  });

  it('has a level and a time that the contract knows, whatever was given', async () => {
    const instance = create();
    instance.logs.write('silly' as 'info', undefined as unknown as string);
    instance.logs
      .pinoStream()
      .write('{"level":30,"time":8640000000000000,"msg":"far"}\n{"level":30,"time":-1,"msg":"early"}\n');
    expect(Logs.safeParse(await read(instance)).error).toBeUndefined();
  });

  it('about refused action requests is one, however many strangers send: the ring is for the product', async () => {
    const instance = createInstance({
      project: 'veria',
      version: '1',
      apiKey: KEY,
      logCapacity: 10,
      actions: { go: () => 1 },
    });
    instance.logs.write('info', 'of the product');
    for (let i = 0; i < 100; i++)
      await instance.handle(new Request('http://p/api/actions', { method: 'POST', body: 'x' }));
    expect(await messages(instance)).toEqual([
      'of the product',
      'an action request was refused: webhook-id is missing or malformed',
    ]);
  });
});

describe('where lines come from', () => {
  it('takes real pino lines with level, time, fields and error', async () => {
    const instance = create();
    const logger = pino({ level: 'trace' }, instance.logs.pinoStream());
    logger.child({ requestId: 'r1' }).warn({ waiting: 812, password: 'hunter2' }, 'the queue is long');
    logger.trace('small');
    logger.fatal(new Error('burning'));
    const { entries } = await read(instance);
    expect(entries.map((entry) => [entry.level, entry.message])).toEqual([
      ['warn', 'the queue is long'],
      ['debug', 'small'],
      ['fatal', 'burning'],
    ]);
    expect(entries[0]?.fields).toEqual({ requestId: 'r1', waiting: 812, password: '[redacted]' });
    expect(entries[2]?.fields).toMatchObject({
      err: { type: 'Error', message: 'burning', stack: expect.stringContaining('logs.test') },
    });
    expect(Math.abs(Date.parse(entries[0]?.at ?? '') - Date.now())).toBeLessThan(5000);
  });

  it('keeps lines that are no JSON, and times and levels that are odd', async () => {
    const instance = create();
    const stream = instance.logs.pinoStream();
    stream.write(
      'plain text\n[1,2]\n{"level":"error","msg":"by name","time":"2026-01-01T00:00:00Z"}\n{"level":35,"msg":"custom","time":"never"}\n',
    );
    const { entries } = await read(instance);
    expect(entries.map((entry) => [entry.level, entry.message])).toEqual([
      ['info', 'plain text'],
      ['info', '[1,2]'],
      ['error', 'by name'],
      ['info', 'custom'],
    ]);
    expect(entries[2]?.at).toBe('2026-01-01T00:00:00.000Z');
  });

  it('captures the console, which goes on printing, until it is released', async () => {
    const instance = create();
    const printed: unknown[][] = [];
    const fake = Object.fromEntries(
      ['debug', 'log', 'info', 'warn', 'error'].map((name) => [
        name,
        (...args: unknown[]) => void printed.push([name, ...args]),
      ]),
    ) as unknown as Console;
    const restore = instance.logs.captureConsole(fake);
    fake.log('hello %s', 'world');
    fake.error('failed', { orderId: 7, token: 'hunter2' });
    restore();
    fake.warn('not kept');
    const { entries } = await read(instance);
    expect(entries.map(({ level, message, fields }) => ({ level, message, fields }))).toEqual([
      { level: 'info', message: 'hello world', fields: undefined },
      { level: 'error', message: 'failed', fields: { orderId: 7, token: '[redacted]' } },
    ]);
    expect(printed).toEqual([
      ['log', 'hello %s', 'world'],
      ['error', 'failed', { orderId: 7, token: 'hunter2' }],
      ['warn', 'not kept'],
    ]);
  });
});
