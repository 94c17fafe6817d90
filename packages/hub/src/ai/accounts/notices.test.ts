import { describe, expect, test } from 'vitest';
import { createCalm, markOf, type Notice, noticesOf } from './notices.ts';
import { callRow, counted, knownFacts } from './record.ts';
import { call, served } from './testing.ts';

const notice = (title: string): Notice => ({
  kind: 'slow',
  subject: 'x',
  title,
  data: { provider: 'claude', model: 'm' },
});

describe('what is worth telling of a call', () => {
  const told = (more: Parameters<typeof call>[0], outcome: ReturnType<typeof served>) => {
    const one = call(more);
    const row = callRow(knownFacts(one), outcome, counted(one.estimate, outcome), undefined);
    return noticesOf(one, outcome, row, 2000).map(({ kind, title }) => [kind, title]);
  };
  test.each([
    ['nothing', {}, {}, []],
    ['a slow one', {}, { latencyMs: 2340 }, [['slow', 'AI call took 2.3 s at test (dear)']]],
    ['not a slow refusal', {}, { latencyMs: 9000, outcome: 'refused' as const }, []],
    [
      'a failover',
      {},
      { failovers: [{ provider: 'claude', reason: 'HTTP 529' }] },
      [['failover', 'AI failover: claude (HTTP 529) → test (dear)']],
    ],
    [
      'an extraction that failed',
      { intent: 'extract' as const },
      { outcome: 'failed' as const, status: 422, error: 'no such field' },
      [['extraction-failed', 'AI extraction failed at test (dear): no such field']],
    ],
  ])('%s', (_, more, outcome, notices) => {
    expect(told(more, served(1, outcome))).toEqual(notices);
  });

  test('of one kind only now and then, and the next says how many it stands for', () => {
    let now = 0;
    const calm = createCalm(10_000, () => now);
    expect(calm(notice('a'))?.title).toBe('a');
    expect([calm(notice('b')), calm(notice('c'))]).toEqual([undefined, undefined]);
    now = 10_000;
    expect(calm(notice('d'))?.title).toBe('d, and 2 more of the kind');
  });
});

test('a mark of it is found by its kind, provider and model', () =>
  expect(markOf(notice('AI call took 3 s'))).toEqual({
    tags: ['ai', 'slow', 'claude', 'm'],
    text: 'AI call took 3 s',
  }));
