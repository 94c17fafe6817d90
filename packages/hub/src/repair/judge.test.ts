import { expect, it } from 'vitest';
import { judge, type VerifyFacts } from './judge.ts';

const ACTED = 1_000_000;
const FACTS: VerifyFacts = {
  actedAt: ACTED,
  wellSince: null,
  withinMs: 60_000,
  stableMs: 15_000,
  status: 'down',
  before: { api: 'down', web: 'up' },
  service: 'api',
  others: { api: 'down', web: 'up' },
};

it.each<[string, Partial<VerifyFacts>, number, string]>([
  ['waits while it is down and has time', {}, 59_999, 'wait'],
  ['waits while no check has run since the act', { status: undefined }, 10_000, 'wait'],
  ['waits while it is well but not for long enough', { status: 'up', wellSince: ACTED + 5000 }, 19_999, 'wait'],
  ['is healed when it stayed well', { status: 'up', wellSince: ACTED + 5000 }, 20_000, 'healed'],
  ['gives what became well in time the time to stay so', { status: 'up', wellSince: ACTED + 59_000 }, 65_000, 'wait'],
  ['is healed then too', { status: 'up', wellSince: ACTED + 59_000 }, 74_000, 'healed'],
  ['had no effect when it is down at the end', {}, 60_000, 'no effect'],
  ['had no effect when it is degraded still', { status: 'degraded', before: { api: 'degraded' } }, 60_000, 'no effect'],
  ['had no effect when it was well and fell again', { status: 'down', wellSince: ACTED + 5000 }, 60_000, 'no effect'],
  ['made it worse when it was degraded and is down', { before: { api: 'degraded', web: 'up' } }, 60_000, 'worse'],
  ['made it worse when another service went down meanwhile', { others: { api: 'down', web: 'down' } }, 60_000, 'worse'],
  [
    'did not make worse what was down before',
    { before: { api: 'down', web: 'down' }, others: { web: 'down' } },
    60_000,
    'no effect',
  ],
  ['says that nobody looked', { status: undefined }, 60_000, 'no effect'],
])('%s', (_, change, after, kind) => {
  expect(judge({ ...FACTS, ...change }, ACTED + after).kind).toBe(kind);
});

it('begins to count anew when it falls between', () => {
  const fell = judge({ ...FACTS, status: 'down', wellSince: ACTED + 1000 }, ACTED + 10_000);
  expect(fell).toMatchObject({ kind: 'wait', wellSince: null });
  const again = judge({ ...FACTS, status: 'up', wellSince: null }, ACTED + 12_000);
  expect(again).toMatchObject({ kind: 'wait', wellSince: ACTED + 12_000 });
});
