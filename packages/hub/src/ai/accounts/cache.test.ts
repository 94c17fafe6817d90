import { describe, expect, test } from 'vitest';
import { createCache } from './cache.ts';
import { call } from './testing.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const answer = (text: string) => ({ status: 200, contentType: 'application/json', body: Buffer.from(text) });

function cache(more: { maxBytes?: number } = {}) {
  let now = 0;
  const clock = { now: () => now, monotonic: () => now };
  const made = createCache({ clock, config: () => ({ tenants: ['acme'], ttlMs: 1000, maxBytes: 1 << 16, ...more }) });
  return {
    ...made,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('the exact cache', () => {
  test('answers the very same request of the very same tenant, in whatever order its members stand', async () => {
    const { get, put } = cache();
    await put(call(), bytes({ a: 1, b: [{ c: 2, d: 3 }] }), answer('kept'));
    const ask = async (body: unknown, more = {}) => (await get(call(more), bytes(body)))?.body.toString();
    expect(await ask({ b: [{ d: 3, c: 2 }], a: 1 })).toBe('kept');
    for (const other of [{ a: 1, b: [{ c: 2, d: 4 }] }, { a: '1', b: [{ c: 2, d: 3 }] }, { a: 1 }, [1]])
      expect(await ask(other)).toBeUndefined();
    for (const more of [
      { tenant: 'other' },
      { tenant: null },
      { protocol: 'anthropic' as const },
      { intent: 'responses' as const },
      { stream: true },
    ])
      expect(await ask({ a: 1, b: [{ c: 2, d: 3 }] }, more)).toBeUndefined();
  });

  test('forgets what is old, keeps no failures, and holds no more than it may: the least asked for goes first', async () => {
    const { get, put, pass, bytes: held } = cache({ maxBytes: 4000 });
    await put(call(), bytes(1), { ...answer('no'), status: 500 });
    expect(await get(call(), bytes(1))).toBeUndefined();
    await put(call(), bytes(1), answer('x'.repeat(1000)));
    expect(await get(call(), bytes(1))).toBeUndefined();
    for (let i = 0; i < 12; i++) {
      await put(call(), bytes(i), answer('x'.repeat(100)));
      await get(call(), bytes(0));
    }
    expect(held()).toBeLessThanOrEqual(4000);
    expect(await get(call(), bytes(0))).toBeDefined();
    expect(await get(call(), bytes(1))).toBeUndefined();
    pass(1000);
    expect(await get(call(), bytes(0))).toBeUndefined();
  });
});
