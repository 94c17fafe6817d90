import { describe, expect, it } from 'vitest';
import type { Condition, ExpiryFact, Facts, Remembered } from '../facts.ts';
import { expiry, expiryFingerprint } from './expiry.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const DAY = 86_400_000;
const LIMITS = { offlineAfterMs: 600_000 };
const fact = (days: number, at = NOW): ExpiryFact => ({
  service: 'shop',
  probe: 'tls',
  target: 'shop.example:443',
  until: at + days * DAY,
  seenAt: at,
});
const facts = (expiries?: ExpiryFact[]): Facts => ({
  project: 'veria',
  name: 'Veria',
  lastSeenAt: NOW,
  silentMs: 0,
  services: [],
  metrics: [],
  expiries,
});
const judge = (days: number, remembered: Remembered = new Map(), now = NOW) =>
  expiry(facts([fact(days, now)]), LIMITS, remembered, now);

describe('a certificate', () => {
  it.each([
    [90, undefined],
    [30.1, undefined],
    [30, 'info'],
    [14.1, 'info'],
    [14, 'warning'],
    [7.1, 'warning'],
    [7, 'warning'],
    [1.1, 'warning'],
    [1, 'critical'],
    [0, 'critical'],
    [-5, 'critical'],
  ])('with %s days left is told of as %s, and once', (days, severity) => {
    const told = judge(days).map((verdict) => (verdict.state === 'firing' ? verdict.finding.severity : verdict.state));
    expect(told).toEqual(severity === undefined ? [] : [severity]);
  });

  it('is told of at 30, 14, 7 and 1 days, each once, and all of it ends with a new one', () => {
    const remembered = new Map<string, Condition>();
    const told: string[] = [];
    for (let hour = 40 * 24; hour >= -24; hour--) {
      const now = NOW + (40 * 24 - hour) * 3_600_000;
      const verdicts = judge(hour / 24, remembered, now);
      const mentioned = new Set(verdicts.map(({ fingerprint }) => fingerprint));
      for (const fingerprint of remembered.keys())
        expect(mentioned.has(fingerprint), `${fingerprint} ended with ${hour} hours left`).toBe(true);
      for (const verdict of verdicts) {
        if (verdict.state !== 'firing') continue;
        if (!remembered.has(verdict.fingerprint)) told.push(`${hour / 24} days: ${verdict.finding.severity}`);
        const { since, seenAt, finding } = verdict;
        remembered.set(verdict.fingerprint, { since, seenAt, firing: true, finding });
      }
    }
    expect(told).toEqual(['30 days: info', '14 days: warning', '7 days: warning', '1 days: critical']);
    expect(judge(89, remembered)).toEqual([]);
  });

  it('that came with few days left is told of by its most urgent limit alone', () => {
    const verdicts = judge(0.5);
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toMatchObject({ state: 'firing', fingerprint: expiryFingerprint('veria', fact(0), 1) });
  });

  it('says of what and until when, and since when the limit is passed', () => {
    expect(judge(6)[0]).toMatchObject({
      since: NOW - DAY,
      seenAt: NOW,
      finding: {
        title: 'The certificate of veria/shop expires in less than 7 days',
        description: 'The certificate of shop.example:443 is valid until 2026-03-16.',
        service: 'shop',
      },
    });
    expect(judge(-2)[0]).toMatchObject({
      finding: {
        title: 'The certificate of veria/shop has expired',
        description: 'The certificate of shop.example:443 was valid until 2026-03-08.',
      },
    });
  });

  it('of two probes of one service is told of for each', () => {
    const both = [fact(5), { ...fact(5), probe: 'http' }];
    const fingerprints = expiry(facts(both), LIMITS, new Map(), NOW).map(({ fingerprint }) => fingerprint);
    expect(new Set(fingerprints).size).toBe(2);
  });

  it('stays as it was in a round that does not look', () => {
    const [first] = judge(5);
    if (first?.state !== 'firing') throw new Error('expected a finding');
    const { since, seenAt, finding, fingerprint } = first;
    const remembered = new Map([[fingerprint, { since, seenAt, firing: true, finding }]]);
    expect(expiry(facts(), LIMITS, remembered, NOW)).toEqual([{ fingerprint, state: 'unknown' }]);
  });
});
