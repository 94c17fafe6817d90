import { describe, expect, it } from 'vitest';
import type { Condition, Facts } from '../facts.ts';
import { DETECTORS } from './index.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');

/** A project in which everything is wrong at once. */
const TROUBLE: Facts = {
  project: 'veria',
  name: 'Veria',
  lastSeenAt: NOW - 3_600_000,
  silentMs: 3_600_000,
  services: [
    {
      service: 'worker',
      declared: 1,
      probes: [
        {
          probeId: 'p',
          project: 'veria',
          service: 'worker',
          kind: 'http',
          target: 'http://127.0.0.1/x',
          status: 'degraded',
          since: NOW - 60_000,
          lastCheckAt: NOW,
          latencyMs: 900.4,
          reason: 'slower than 500ms',
          consecutiveFailures: 0,
          intervalMs: 15_000,
        },
      ],
    },
  ],
  metrics: [
    {
      threshold: { metric: 'queue.depth', above: 10, forMs: 0, severity: 'warning' },
      series: { id: 1, project: 'veria', key: 'queue.depth', kind: 'number', value: 11, at: NOW, receivedAt: NOW },
      history: [],
      intervalMs: 0,
    },
  ],
  logs: [
    {
      id: 'ltp_1',
      service: 'worker',
      template: 'payment of <*> refused',
      example: 'payment of 12 refused',
      level: 3,
      firstAt: NOW - 60_000,
      lastAt: NOW,
      total: 2,
      isNew: true,
    },
  ],
  expiries: [
    {
      service: 'worker',
      probe: 'tls',
      target: 'worker.example:443',
      until: NOW + 86_400_000,
      seenAt: NOW,
    },
  ],
  spikes: [{ key: 'security.vulns_critical', value: 2, usual: 0, at: NOW, receivedAt: NOW }],
  attacks: [
    {
      family: 'sql-injection',
      rule: 'union',
      route: 'GET /search',
      place: 'query q',
      actor: '0123456789abcdef',
      total: 4,
      passed: 3,
      refused: 1,
      failed: 0,
      firstAt: NOW - 60_000,
      lastAt: NOW - 1000,
      buckets: new Map([[Math.floor(NOW / 600_000), 4]]),
    },
  ],
  trends: [
    {
      site_key: 'veria',
      service: 'worker',
      severity: 'warning',
      category: 'performance',
      title: 'veria/worker: queue.depth grows',
      description: 'queue.depth was 3 a week ago and is 11.',
      recommendation: 'Look at what waits.',
      metric: 'queue.depth',
      at: NOW - 60_000,
      until: NOW + 86_400_000,
    },
  ],
  forecasts: [
    {
      key: 'disk.used_percent',
      service: 'worker',
      threshold: { metric: 'disk.used_percent', above: 90, severity: 'critical', forMs: 0 },
      crossing: { confidence: 0.9, known: false, at: NOW + 111_600_000, earliestAt: NOW + 72_000_000 },
      madeAt: NOW,
      last: 81,
      method: 'drift',
      coverage: 0.88,
    },
  ],
  performance: [
    {
      fingerprint: 'f'.repeat(32),
      project: 'veria',
      kind: 'slow-route',
      subject: 'GET /orders/:id',
      since: NOW - 60_000,
      seenAt: NOW,
      said: {
        severity: 'warning',
        title: 'veria: GET /orders/:id takes 4 times as long as usual',
        description: 'The p95 is 400 ms; 100 ms are usual.',
        recommendation: 'See what changed.',
      },
    },
  ],
  rules: [
    {
      rule: 'deploy-failed',
      service: 'worker',
      severity: 'critical',
      category: 'availability',
      title: 'Deploy of veria failed',
      beganAt: NOW - 60_000,
      matchedAt: NOW - 30_000,
      until: NOW + 870_000,
    },
  ],
};
const CALM: Facts = { project: 'veria', name: 'Veria', lastSeenAt: NOW, silentMs: 0, services: [], metrics: [] };
const LIMITS = { offlineAfterMs: 600_000 };

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

describe.each(Object.entries(DETECTORS))('the detector %s', (name, detect) => {
  it('says nothing of a project where all is well', () => {
    expect(detect(CALM, LIMITS, new Map(), NOW)).toEqual([]);
  });

  it('says the same of the same facts, and changes none of them', () => {
    const facts = deepFreeze(structuredClone(TROUBLE));
    const first = detect(facts, LIMITS, new Map(), NOW);
    expect(first).toHaveLength(1);
    expect(detect(facts, LIMITS, new Map(), NOW)).toEqual(first);
  });

  it('raises a finding that a person can act on, under its own name and a stable fingerprint', () => {
    const [verdict] = detect(TROUBLE, LIMITS, new Map(), NOW);
    if (verdict?.state !== 'firing') throw new Error('expected a finding');
    const { finding } = verdict;
    expect(finding).toMatchObject({ detector: name, project: 'veria', fingerprint: verdict.fingerprint });
    expect(finding.fingerprint).toMatch(/^[0-9a-f]{32}$/);
    expect(finding.title.length).toBeGreaterThan(5);
    expect(finding.description).toMatch(/\d/);
    expect(finding.observedAt).toBeLessThanOrEqual(NOW);
  });

  it('keeps the fingerprint and the beginning while the trouble lasts', () => {
    const [first] = detect(TROUBLE, LIMITS, new Map(), NOW);
    if (first?.state !== 'firing') throw new Error('expected a finding');
    const known: Condition = { since: first.since, seenAt: first.seenAt, firing: true };
    const later = { ...TROUBLE, silentMs: TROUBLE.silentMs + 5000 };
    const [second] = detect(later, LIMITS, new Map([[first.fingerprint, known]]), NOW + 5000);
    expect(second).toMatchObject({ state: 'firing', fingerprint: first.fingerprint, since: first.since });
  });
});
