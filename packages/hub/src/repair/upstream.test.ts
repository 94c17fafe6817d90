import { expect, it } from 'vitest';
import type { ProbeState } from './context.ts';
import { upstreamOf } from './facts.ts';

const BEGAN = 100_000;
const state = (more: Partial<ProbeState>): ProbeState => ({
  ...{ project: 'books', service: 'api', status: 'up', since: 0, lastCheckAt: BEGAN + 1, consecutiveFailures: 0 },
  ...more,
});
const of = (states: ProbeState[], { now = BEGAN + 1000, downMs = 10_000, upstream = ['books/api'] } = {}) =>
  upstreamOf({ upstream, upstreamDownMs: downMs }, BEGAN, states, now);

it.each<[string, ReturnType<typeof of>, Partial<ReturnType<typeof of>>]>([
  ['well and looked at since', of([state({})]), { fails: false, isSeen: true, backAt: null }],
  ['nothing at all', of([], { upstream: [] }), { fails: false, isSeen: true }],
  ['down', of([state({ status: 'down', since: BEGAN })]), { fails: true }],
  ['one failure that is not believed yet', of([state({ consecutiveFailures: 1 })]), { fails: true }],
  ['only slow', of([state({ status: 'degraded', consecutiveFailures: 3 })]), { fails: false }],
  ['not looked at since', of([state({ lastCheckAt: BEGAN })]), { isSeen: false }],
  ['looked at by one of its probes alone', of([state({}), state({ lastCheckAt: BEGAN - 1 })]), { isSeen: false }],
  ['not looked at although there was time', of([state({ lastCheckAt: 0 })], { now: BEGAN + 10_000 }), { isSeen: true }],
  [
    'not looked at for longer than is waited',
    of([state({ lastCheckAt: 0 })], { now: BEGAN + 30_000, downMs: 3_600_000 }),
    { isSeen: true },
  ],
  ['back since it began', of([state({ since: BEGAN + 500 })]), { fails: false, backAt: BEGAN + 500 }],
  ['another part', of([state({ service: 'web', status: 'down' })]), { fails: false }],
])('what is needed: %s', (_, found, expected) => {
  expect(found).toMatchObject(expected);
});
