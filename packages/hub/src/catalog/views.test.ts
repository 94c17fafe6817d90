import type { FedProject } from '@orrery/protocol';
import { EcosystemGraph } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { statusOf, toGraph } from './views.ts';

const project = (slug: string, more: Partial<FedProject> = {}): FedProject => ({
  slug,
  name: slug.toUpperCase(),
  status: 'online',
  lastSeenAt: '2026-01-01T00:00:00.000Z',
  hubUrl: `http://${slug}.example.com`,
  tags: ['finance'],
  teams: ['payments'],
  domain: 'Finance',
  kpis: { auditsOk: 3, auditsWarn: 1, auditsFail: null, deployFreshnessDays: 2, healthLatencyMs: null },
  declaredIn: { source: 'file' },
  allowFanout: ['audit.security'],
  dependsOn: [],
  hasApiKey: true,
  ...more,
});

describe('the ecosystem as a graph', () => {
  it('draws each project with what is known of it', () => {
    const graph = toGraph([project('a', { status: 'degraded' })], []);
    expect(EcosystemGraph.parse(graph).nodes).toEqual([
      expect.objectContaining({
        ...{ id: 'a', label: 'A', name: 'A', risk: 0.5, health: 0.5, compliance: 0.75, freshnessDays: 2, cost: null },
        ...{ teams: ['payments'], domain: 'Finance', tags: ['finance'], allowFanout: ['audit.security'] },
      }),
    ]);
  });

  it('says null, not zero, of a project that was never heard of', () => {
    const kpis = {
      auditsOk: null,
      auditsWarn: null,
      auditsFail: null,
      deployFreshnessDays: null,
      healthLatencyMs: null,
    };
    const [node] = toGraph([project('a', { status: 'offline', lastSeenAt: null, kpis })], []).nodes;
    expect(node).toMatchObject({ health: null, compliance: null, freshnessDays: null, lastSeenAt: null, risk: 1 });
  });
});

describe('how a project stands', () => {
  const down = { status: 'down' as const, latencyMs: null };
  const up = { status: 'up' as const, latencyMs: 3 };
  const beat = (at: number) => ({ at, everyMs: 60_000 });
  it.each([
    ['never heard of', null, { probes: [] }, 'offline'],
    ['heard of a moment ago', 999_000, { probes: [] }, 'online'],
    ['silent for more than ten minutes', 399_000, { probes: [] }, 'offline'],
    ['all probes fail, and it never announced itself', 999_000, { probes: [down] }, 'offline'],
    ['all probes fail, two beats missed', 999_000, { probes: [down], beat: beat(1_000_000 - 170_000) }, 'degraded'],
    ['all probes fail, three beats missed', 999_000, { probes: [down], beat: beat(1_000_000 - 181_000) }, 'offline'],
    ['one of two fails', 999_000, { probes: [down, up] }, 'degraded'],
    ['no beat, but it answers', 999_000, { probes: [up], beat: beat(0) }, 'online'],
  ])('%s', (_what, seen, facts, status) => {
    expect(statusOf(seen, { latest: {}, ...facts }, 1_000_000, 600_000)).toBe(status);
  });
});
