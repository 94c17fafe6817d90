import { type AiApi, AiProviderKind } from '@orrery/protocol';
import { describe, expect, test } from 'vitest';
import { type FakeProvider, healthy, startProvider } from '../../../../../test/services/provider.ts';
import { until } from '../../../../../test/services/until.ts';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound, type Outbound } from '../../platform/outbound.ts';
import { attempt } from '../calls/attempt.ts';
import { createBook, factsOf, pickKey } from './book.ts';
import { FAMILIES, kindOf, type ProviderFamily } from './index.ts';

/** What every kind of provider must do, on a real connection to a provider that speaks as it does. */
async function withProvider(work: (fake: FakeProvider, outbound: Outbound) => Promise<void>): Promise<void> {
  const fake = await startProvider(healthy('Hello there'));
  const outbound = createOutbound({ clock: systemClock, allowPrivate: false });
  try {
    await work(fake, outbound);
  } finally {
    outbound.close();
    await fake.close();
  }
}
const bookOf = (url: string, kind: AiProviderKind, more: object = {}) => {
  const book = createBook({ clock: systemClock, breaker: { failures: 2, restMs: 60_000 }, onRest: () => undefined });
  book.sync([{ name: 'p', kind, url, priority: 1, weight: 1, models: [], timeouts: {}, key: 'secret-1', ...more }]);
  return book;
};

describe.each(AiProviderKind.options)('%s', (kind) => {
  const family: ProviderFamily = FAMILIES[kind];

  test('is found by its names, and says its kind', () => {
    expect(family.kind).toBe(kind);
    for (const name of family.names) expect(kindOf({ name })).toBe(kind);
    expect(kindOf({ name: 'anything', kind })).toBe(kind);
  });

  test('asks at the same place whether or not the version stands in its URL', () => {
    for (const written of ['http://h:1', 'http://h:1/', 'http://h:1/v1', 'http://h:1/v1/'])
      expect(family.base(new URL(written)) + family.path('models')).toBe('/v1/models');
  });

  const served = family.apis.flatMap((api): [AiApi, boolean][] =>
    api === 'embeddings'
      ? [[api, false]]
      : [
          [api, false],
          [api, true],
        ],
  );
  test.each(served)('serves %s (stream: %s), with its key and only its key', (api, stream) =>
    withProvider(async (fake, outbound) => {
      const [provider] = bookOf(fake.url, kind).all();
      if (!provider) throw new Error('no provider');
      const pool = outbound.pool(() => 2000);
      const opened = await attempt({
        ...{ pool, clock: systemClock, provider, api, stream, signal: new AbortController().signal },
        headers: { 'content-type': 'application/json', ...family.auth('secret-1') },
        body: JSON.stringify({ model: 'm', stream }),
      });
      if (opened.kind === 'stream') {
        const pieces: Buffer[] = [];
        expect(await opened.pump((bytes) => pieces.push(bytes))).toBeUndefined();
        expect(Buffer.concat(pieces).toString()).toContain('Hello ');
        expect(opened.usage()?.inputTokens).toBe(7);
      } else {
        expect(opened.kind).toBe('whole');
        if (opened.kind === 'whole') expect(opened.usage?.inputTokens).toBeGreaterThan(0);
      }
      const { headers = {} } = fake.asked[0] ?? {};
      expect(headers['x-api-key'] ?? headers.authorization).toBe(kind === 'anthropic' ? 'secret-1' : 'Bearer secret-1');
      await pool.close();
    }),
  );
});

test('a metadata address is refused though the operator named it, and nothing is sent', async () => {
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
  const [provider] = bookOf('http://169.254.169.254', 'compatible').all();
  if (!provider) throw new Error('no provider');
  const pool = outbound.pool(() => 2000);
  const signal = new AbortController().signal;
  const asked = attempt({
    pool,
    clock: systemClock,
    provider,
    api: 'chat',
    stream: false,
    headers: {},
    body: '{}',
    signal,
  });
  await expect(asked).rejects.toMatchObject({ fault: { reason: 'forbidden_address' } });
  await pool.close();
  outbound.close();
});

describe('keys and breakers', () => {
  const keys = [
    { key: 'a', weight: 3 },
    { key: 'b', weight: 1 },
  ];
  const [provider] = bookOf('http://h:1', 'compatible', { key: undefined, keys }).all();
  if (!provider) throw new Error('no provider');
  const down = { reason: 'reset', detail: 'x' } as const;

  test('calls are shared by weight', () => {
    const picked = Array.from({ length: 8 }, () => {
      const key = pickKey(provider);
      if (key) key.inFlight += 1;
      return key?.secret;
    });
    expect(picked.filter((secret) => secret === 'a')).toHaveLength(6);
  });
  test('one that fails again and again is left alone, the other serves', async () => {
    const [first] = provider.keys;
    first?.fail(down);
    first?.fail(down);
    await until(() => first?.state() === 'open', { what: 'the breaker opens' });
    expect(pickKey(provider)?.secret).toBe('b');
    expect(factsOf(provider).state).toBe('closed');
  });
  test('what another hub saw counts here too', () => {
    provider.keys[1]?.rest(Date.now() + 60_000);
    expect(pickKey(provider)).toBeUndefined();
    expect(factsOf(provider)).toMatchObject({ state: 'resting' });
  });
  test('a reload keeps what is known of a key at its place, and forgets it with the key', () => {
    const book = bookOf('http://h:1', 'compatible');
    book.all()[0]?.keys[0]?.rest(Date.now() + 60_000);
    const declared = {
      name: 'p',
      kind: 'compatible' as const,
      url: 'http://h:1',
      priority: 2,
      weight: 1,
      models: [],
      timeouts: {},
    };
    book.sync([{ ...declared, key: 'secret-1' }]);
    expect(factsOf(book.all()[0] as typeof provider).state).toBe('resting');
    book.sync([{ ...declared, key: 'secret-2' }]);
    expect(factsOf(book.all()[0] as typeof provider).state).toBe('closed');
  });
});
