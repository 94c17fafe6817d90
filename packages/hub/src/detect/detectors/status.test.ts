import type { ServiceStatus } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { Condition, Facts, ProbeFact } from '../facts.ts';
import { status, statusFingerprint } from './status.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const probe = (state: ServiceStatus, given: Partial<ProbeFact> = {}): ProbeFact => ({
  probeId: 'p1',
  project: 'veria',
  service: 'api',
  kind: 'http',
  target: 'http://127.0.0.1:5401/api/health',
  status: state,
  since: NOW - 60_000,
  lastCheckAt: NOW - 1000,
  latencyMs: 12,
  consecutiveFailures: 0,
  intervalMs: 15_000,
  ...given,
});
const judge = (probes: ProbeFact[], declared = probes.length, fired: ('down' | 'degraded')[] = []) => {
  const facts: Facts = {
    project: 'veria',
    name: 'Veria',
    lastSeenAt: NOW,
    silentMs: 0,
    services: [{ service: 'api', probes, declared }],
    metrics: [],
  };
  const condition: Condition = { since: NOW - 60_000, seenAt: NOW - 5000, firing: true };
  const remembered = new Map(fired.map((bad) => [statusFingerprint('veria', 'api', bad), condition]));
  const nameOf = new Map((['down', 'degraded'] as const).map((bad) => [statusFingerprint('veria', 'api', bad), bad]));
  return status(facts, { offlineAfterMs: 0 }, remembered, NOW).map((v) => `${nameOf.get(v.fingerprint)} ${v.state}`);
};

describe('a service', () => {
  it.each<[string, ProbeFact[], number, ('down' | 'degraded')[], string[]]>([
    ['that is up says nothing', [probe('up')], 1, [], []],
    ['that is up ends what fired', [probe('up')], 1, ['down', 'degraded'], []],
    ['that is down fires', [probe('down')], 1, [], ['down firing']],
    ['of which one probe is down fires once', [probe('down'), probe('up'), probe('down')], 3, [], ['down firing']],
    ['that is degraded fires as degraded', [probe('degraded'), probe('up')], 2, [], ['degraded firing']],
    ['that is both is down only', [probe('degraded'), probe('down')], 2, [], ['down firing']],
    [
      'that goes from degraded to down has not recovered',
      [probe('down')],
      1,
      ['degraded'],
      ['down firing', 'degraded unknown'],
    ],
    [
      'that is down since it was degraded stays both',
      [probe('degraded'), probe('down')],
      2,
      ['down', 'degraded'],
      ['down firing', 'degraded unknown'],
    ],
    ['that recovers to degraded is not down any more', [probe('degraded')], 1, ['down'], ['degraded firing']],
    ['that nobody has judged yet raises nothing', [probe('unknown')], 1, [], []],
    ['that nobody has judged yet ends nothing', [probe('unknown')], 1, ['down'], ['down unknown']],
    ['that nobody has judged yet stays degraded', [probe('unknown')], 1, ['degraded'], ['degraded unknown']],
    ['whose states are not loaded yet ends nothing', [], 1, ['down'], ['down unknown']],
    ['of which one probe is missing ends nothing', [probe('up')], 2, ['down'], ['down unknown']],
    [
      'of which one probe is unknown and one degraded keeps both',
      [probe('unknown'), probe('degraded')],
      2,
      ['down'],
      ['down unknown', 'degraded firing'],
    ],
  ])('%s', (_name, probes, declared, fired, verdicts) => {
    expect(judge(probes, declared, fired)).toEqual(verdicts);
  });

  const flips = [30, 20, 9, 2].map((seconds) => NOW - seconds * 1000);
  it.each<[string, ProbeFact[], ('down' | 'degraded')[], string[]]>([
    ['is down while it is down', [probe('down', { flips })], ['down'], ['down firing']],
    ['goes on while it is up', [probe('up', { flips })], ['down'], ['down firing']],
    ['is news though nobody saw it down', [probe('up', { flips })], [], ['down firing']],
    ['goes on while nobody can look', [probe('unknown', { flips })], ['down'], ['down firing']],
    ['stays degraded where it never was down', [probe('up', { flips })], ['degraded'], ['degraded firing']],
    ['is degraded while it is', [probe('degraded', { flips })], [], ['degraded firing']],
    ['is one with what else is down', [probe('up', { flips }), probe('down')], ['down'], ['down firing']],
    ['keeps both', [probe('down', { flips })], ['down', 'degraded'], ['down firing', 'degraded unknown']],
    ['ends', [probe('up', { flips: flips.map((at) => at - 120_000) })], ['down'], []],
  ])('that flaps %s', (_name, probes, fired, verdicts) => {
    expect(judge(probes, 1, fired)).toEqual(verdicts);
  });

  it('that flaps says how often it changed and how it is now', () => {
    const facts: Facts = {
      project: 'veria',
      name: 'Veria',
      lastSeenAt: NOW,
      silentMs: 0,
      services: [{ service: 'api', probes: [probe('up', { flips, intervalMs: 1000 })], declared: 1 }],
      metrics: [],
    };
    const [verdict] = status(facts, { offlineAfterMs: 0 }, new Map(), NOW);
    expect(verdict).toMatchObject({
      since: NOW - 30_000,
      finding: {
        title: 'veria/api is flapping',
        settleMs: 6000,
        description:
          'The http probe of http://127.0.0.1:5401/api/health changed 4 times between well and unwell since 2026-03-10T11:59:30.000Z, and is up now.',
      },
    });
  });

  it('says which probe broke, why, since when and how often', () => {
    const probes = [
      probe('down', { reason: 'connection refused', consecutiveFailures: 3 }),
      probe('down', {
        kind: 'instance',
        target: 'http://127.0.0.1:5401',
        since: NOW - 30_000,
        lastCheckAt: NOW,
        reason: null,
      }),
      probe('up'),
    ];
    const facts: Facts = {
      project: 'veria',
      name: 'Veria',
      lastSeenAt: NOW,
      silentMs: 0,
      services: [{ service: 'api', probes, declared: 3 }],
      metrics: [],
    };
    const [verdict] = status(facts, { offlineAfterMs: 0 }, new Map(), NOW);
    expect(verdict).toMatchObject({
      since: NOW - 60_000,
      seenAt: NOW,
      finding: {
        title: 'veria/api is down',
        severity: 'critical',
        category: 'availability',
        observedAt: NOW,
        description: [
          'The http probe of http://127.0.0.1:5401/api/health says down since 2026-03-10T11:59:00.000Z: connection refused, 3 checks in a row.',
          'The instance probe of http://127.0.0.1:5401 says down since 2026-03-10T11:59:30.000Z: no reason given.',
        ].join('\n'),
      },
    });
  });
});
