import { describe, expect, it } from 'vitest';
import type { AttackFact, Facts, Verdict } from '../facts.ts';
import { attack } from './attack.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');
const BUCKET = Math.floor(NOW / 600_000);
const fact = (more: Partial<AttackFact> = {}): AttackFact => ({
  family: 'sql-injection',
  rule: 'union',
  route: 'GET /search',
  place: 'query q',
  actor: '0123456789abcdef',
  total: 1,
  passed: 0,
  refused: 1,
  failed: 0,
  firstAt: NOW - 1000,
  lastAt: NOW - 1000,
  buckets: new Map([[BUCKET, more.total ?? 1]]),
  ...more,
});
const judge = (attacks: readonly AttackFact[] | undefined, now = NOW) => {
  const facts: Facts = {
    project: 'veria',
    name: 'Veria',
    lastSeenAt: now,
    silentMs: 0,
    services: [],
    metrics: [],
    attacks,
  };
  return attack(facts, { offlineAfterMs: 0 }, new Map(), now);
};
const findingsOf = (verdicts: readonly Verdict[]) =>
  verdicts.flatMap((verdict) => (verdict.state === 'firing' ? [verdict.finding] : []));
const severity = (...attacks: AttackFact[]) => findingsOf(judge(attacks)).map((finding) => finding.severity);

describe('attacks are', () => {
  it.each<[string, AttackFact[]]>([
    ['info', [fact()]],
    ['warning', [fact({ passed: 1, refused: 0 })]],
    ['warning', [fact({ failed: 1, refused: 0 })]],
    ['critical', [fact({ total: 100, refused: 100 })]],
    ['critical', [fact({ total: 60 }), fact({ total: 40, actor: 'others', route: 'GET /other' })]],
    ['info', [fact({ family: 'brute-force', rule: 'denied', place: 'status' })]],
    ['warning', [fact({ family: 'brute-force', rule: 'guessing', place: 'status', total: 20 })]],
    ['warning', [fact({ family: 'brute-force', rule: 'spread', place: 'status', actor: 'several', total: 70 })]],
    ['critical', [fact({ family: 'brute-force', rule: 'succeeded', place: 'status' })]],
    ['info', [fact({ family: 'rate-limit', rule: 'exceeded', place: 'status', total: 50 })]],
    ['warning', [fact({ family: 'rate-limit', rule: 'exceeded', place: 'status', total: 400 })]],
  ])('%s: %j', (expected, attacks) => {
    expect(severity(...attacks)).toEqual([expected]);
  });

  it('no burst when they are spread over an hour', () => {
    const buckets = new Map(Array.from({ length: 6 }, (_, n) => [BUCKET - n, 50] as const));
    expect(severity(fact({ total: 300, refused: 300, buckets }))).toEqual(['info']);
  });
});

it('makes one finding of a family, however many actors and routes there are', () => {
  const many = Array.from({ length: 300 }, (_, n) => fact({ actor: `a${n}`, route: `GET /r${n}`, buckets: new Map() }));
  const [finding, ...more] = findingsOf(judge(many));
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ title: 'veria: SQL injection', category: 'security' });
  expect(finding?.description).toContain('300 times by 300 actors at 300 routes');
  expect(finding?.description).toContain('and 297 more');
});

it('ends a quarter of an hour after the last attack', () => {
  const one = fact({ lastAt: NOW });
  expect(judge([one], NOW + 14 * 60_000)).toHaveLength(1);
  expect(judge([one], NOW + 15 * 60_000)).toEqual([]);
});

it('says nothing new, and ends nothing, where nobody has looked', () => {
  expect(judge(undefined)).toEqual([]);
});
