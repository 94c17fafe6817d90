import { describe, expect, it } from 'vitest';
import type { Condition, Facts, ProbeFact } from '../facts.ts';
import { freshness, freshnessFingerprint } from './freshness.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const LIMIT = 600_000;
const down: ProbeFact = {
  probeId: 'p',
  project: 'veria',
  service: 'api',
  kind: 'http',
  target: 'http://x',
  status: 'down',
  since: NOW,
  lastCheckAt: NOW,
  latencyMs: null,
  consecutiveFailures: 1,
  intervalMs: 15_000,
};
const judge = (given: Partial<Facts>, known?: Condition) => {
  const facts: Facts = {
    project: 'veria',
    name: 'Veria',
    lastSeenAt: NOW - LIMIT - 1,
    silentMs: LIMIT + 1,
    services: [],
    metrics: [],
    ...given,
  };
  const remembered = new Map(known ? [[freshnessFingerprint('veria'), known]] : []);
  return freshness(facts, { offlineAfterMs: LIMIT }, remembered, NOW)[0];
};
const firing: Condition = { since: NOW - 2 * LIMIT, seenAt: NOW - 2 * LIMIT, firing: true };
const withDown = { services: [{ service: 'api', probes: [down], declared: 1 }] };

describe('a project', () => {
  it.each<[string, Partial<Facts>, Condition | undefined, string | undefined]>([
    ['that was never heard of is not offline', { lastSeenAt: null, silentMs: 0 }, undefined, undefined],
    ['that is silent for exactly the limit is not offline', { silentMs: LIMIT }, undefined, undefined],
    ['that is silent for longer is', { silentMs: LIMIT + 1 }, undefined, 'firing'],
    [
      'that this hub has not watched for long is not',
      { lastSeenAt: NOW - 5 * LIMIT, silentMs: 1000 },
      undefined,
      undefined,
    ],
    [
      'that fired before a restart goes on, however short this hub has watched',
      { lastSeenAt: firing.seenAt, silentMs: 0 },
      firing,
      'firing',
    ],
    ['that was heard of again is well', { lastSeenAt: NOW - 1000, silentMs: 1000 }, firing, undefined],
    ['whose probe is down already is not told twice', withDown, undefined, undefined],
    ['whose probe goes down later stays offline', { lastSeenAt: firing.seenAt, ...withDown }, firing, 'firing'],
  ])('%s', (_name, given, known, state) => {
    expect(judge(given, known)?.state).toBe(state);
  });

  it('says when it was last heard of and what counts as offline', () => {
    expect(judge({ lastSeenAt: NOW - 3_600_000 })).toMatchObject({
      since: NOW - 3_600_000,
      finding: {
        title: 'veria is offline',
        severity: 'critical',
        category: 'availability',
        description: 'Veria was last heard of at 2026-03-10T11:00:00.000Z; silent for more than 10m counts as offline.',
      },
    });
  });
});
