import { describe, expect, it } from 'vitest';
import type { Condition, Facts, SpikeFact } from '../facts.ts';
import { spike } from './spike.ts';

const NOW = 1_700_000_000_000;
const facts = (spikes: readonly SpikeFact[] | undefined): Facts => ({
  project: 'veria',
  name: 'Veria',
  lastSeenAt: NOW,
  silentMs: 0,
  services: [],
  metrics: [],
  spikes,
});
const fact = (key: string, usual: number, value: number): SpikeFact => ({
  key,
  usual,
  value,
  at: NOW,
  receivedAt: NOW,
});
const judge = (spikes: readonly SpikeFact[] | undefined, remembered = new Map<string, Condition>()) =>
  spike(facts(spikes), { offlineAfterMs: 600_000 }, remembered);

describe('a spike of security failures', () => {
  it.each([
    ['security.vulns_critical', 0, 1, 'critical'],
    ['security.vulns_critical', 2, 2, undefined],
    ['security.vulns_critical', 3, 1, undefined],
    ['security.vulns_high', 4, 6, undefined],
    ['security.vulns_high', 4, 7, 'warning'],
    ['audit.fail', 0, 3, 'warning'],
    ['audit.fail', 0, 2, undefined],
    ['audit.fail', 20, 24, undefined],
    ['audit.fail', 20, 30, 'warning'],
    ['audit.ok', 0, 900, undefined],
  ] as const)('%s from %i to %i is %s', (key, usual, value, severity) => {
    const [verdict] = judge([fact(key, usual, value)]);
    expect(verdict?.state === 'firing' ? verdict.finding.severity : undefined).toBe(severity);
  });

  it('says what rose, from where, and stays the same trouble while it rises on', () => {
    const [first] = judge([fact('security.vulns_critical', 0, 2)]);
    if (first?.state !== 'firing') throw new Error('does not fire');
    expect(first.finding).toMatchObject({
      project: 'veria',
      category: 'security',
      title: 'veria: critical vulnerabilities rose to 2',
      description: expect.stringContaining('the least of the 24 hours before was 0'),
    });
    const remembered = new Map([[first.fingerprint, { since: 5, seenAt: 5, firing: true, finding: first.finding }]]);
    const [again] = judge([fact('security.vulns_critical', 0, 9)], remembered);
    expect(again).toMatchObject({ fingerprint: first.fingerprint, since: 5 });
    // A round that does not look says nothing; one that looks and finds nothing ends it.
    expect(judge(undefined, remembered)).toEqual([{ fingerprint: first.fingerprint, state: 'unknown' }]);
    expect(judge([], remembered)).toEqual([]);
  });
});
