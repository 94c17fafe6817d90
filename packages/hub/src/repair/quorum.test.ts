import { describe, expect, it } from 'vitest';
import type { ProbeState } from './context.ts';
import { type OtherLook, type QuorumFacts, quorum } from './quorum.ts';

const ASKED = 1_000_000;
const probe = (
  status: ProbeState['status'],
  agoMs = -50,
  consecutiveFailures = status === 'down' ? 3 : 0,
): ProbeState => ({
  ...{ project: 'shop', service: 'api', status, since: 1, consecutiveFailures },
  lastCheckAt: ASKED - agoMs,
});
const other = (status: OtherLook['status'], hub = 'b'): OtherLook => ({ hub, status, reason: null });
const says = (change: Partial<QuorumFacts>) =>
  quorum({ alertLives: true, byMetric: false, askedAt: ASKED, probes: [probe('down')], elsewhere: [], ...change });

describe('quorum: a second, independent look right before acting', () => {
  it.each<[string, Partial<QuorumFacts>, string, string?]>([
    ['a check after the decision that fails confirms it', {}, 'confirmed', 'second look sees it'],
    ['another hub that sees it down confirms it', { elsewhere: [other('down')] }, 'confirmed', 'the hub b see it down'],
    ['another hub that could not look has no say', { elsewhere: [other('unknown')] }, 'confirmed'],
    ['a degraded service is confirmed as such', { probes: [probe('degraded')] }, 'confirmed'],
    [
      'a trouble of a metric is confirmed by its alert',
      { byMetric: true, probes: [probe('up')] },
      'confirmed',
      'alert',
    ],
    ['a check from before the decision is waited on', { probes: [probe('down', 1)] }, 'wait'],
    ['so is the slower of two that fail', { probes: [probe('down'), probe('down', 1)] }, 'wait'],
    ['another hub is waited for', { elsewhere: undefined }, 'wait'],
    ['a hub that cannot tell how it is waits', { probes: [probe('unknown')] }, 'wait'],
    ['a target that healed by itself is left alone', { probes: [probe('up')] }, 'refused', 'found it well'],
    ['one on its way back too', { probes: [probe('down', -50, 0)] }, 'refused', 'on its way back'],
    ['an alert that has ended is over', { alertLives: false }, 'refused', 'ended by itself'],
    ['another hub that sees it up forbids it', { elsewhere: [other('up')] }, 'refused', 'the hub b sees it up'],
    [
      'of two others one that sees it down is enough',
      { elsewhere: [other('up'), other('down', 'c')] },
      'confirmed',
      'hub c',
    ],
  ])('%s', (_, change, kind, detail = '') => {
    const verdict = says(change);
    expect(verdict.kind).toBe(kind);
    expect('detail' in verdict ? verdict.detail : '').toContain(detail);
  });
});
