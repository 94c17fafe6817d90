import { ConcurrencyDeclaration } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { createPlaces, type PlaceAnswer } from './places.ts';
import { call } from './testing.ts';

const limit = (more: object) => ConcurrencyDeclaration.parse({ name: 'few', atOnce: 1, ...more });
const release = (answer: PlaceAnswer) => answer.ok && answer.release();

test('serves those who wait one of each key in turn, so that a busy key keeps nobody else waiting', async () => {
  const places = createPlaces(() => [limit({})]);
  const first = await places.take(call({ key: 'busy' }));
  const order: string[] = [];
  const waiting = ['busy', 'busy', 'busy', 'busy', 'calm'].map(async (key) => {
    const answer = await places.take(call({ key }));
    order.push(key);
    release(answer);
  });
  expect(places.waiting()).toBe(5);
  release(first);
  await Promise.all(waiting);
  expect(order.indexOf('calm')).toBe(1);
});

test('refuses who has waited for long enough, who finds too many waiting, and who has left', async () => {
  const places = createPlaces(() => [limit({ wait: '20ms', queue: 2 })]);
  const first = await places.take(call());
  const leaving = new AbortController();
  const late = places.take(call());
  const left = places.take(call(), leaving.signal);
  expect(await places.take(call())).toMatchObject({ ok: false, reason: 'concurrency' });
  leaving.abort();
  expect(await left).toMatchObject({ ok: false });
  expect(await late).toMatchObject({ ok: false });
  release(first);
  expect(await places.take(call())).toMatchObject({ ok: true });
});

test('counts each tenant by itself where it says so, and gives back all places of a call at once', async () => {
  const places = createPlaces(() => [limit({ each: 'tenant', queue: 0 }), limit({ name: 'all', atOnce: 2, queue: 0 })]);
  const acme = await places.take(call({ tenant: 'acme' }));
  expect(await places.take(call({ tenant: 'acme' }))).toMatchObject({ ok: false });
  const other = await places.take(call({ tenant: 'other' }));
  expect(other.ok).toBe(true);
  expect(await places.take(call({ tenant: 'third' }))).toMatchObject({ ok: false });
  release(acme);
  release(other);
  expect(await places.take(call({ tenant: 'third' }))).toMatchObject({ ok: true });
});
