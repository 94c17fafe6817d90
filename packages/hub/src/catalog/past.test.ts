import type { FedProject } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { edgesThen, type PastFacts, pastProject } from './past.ts';
import { factorsOf, riskOf } from './risk.ts';
import type { EdgeRow, ProjectRow } from './tables.ts';
import { statusOf } from './views.ts';

const AT = Date.parse('2026-03-10T12:00:00Z');
const OFFLINE_AFTER = 600_000;
const MINUTE = 60_000;
const none = { vulnsCritical: null, vulnsHigh: null, auditsOk: null, auditsWarn: null, auditsFail: null };
const ages = { lastDeployedAt: null, lastAuditAt: null, lastScanAt: null };

const then = (row: { first_seen_at: number | null; last_seen_at: number | null }, facts: Partial<PastFacts>) => {
  const known = { probes: [], latest: {}, heardAt: null, ...facts };
  const draw = ({ last_seen_at: seen }: ProjectRow): FedProject => {
    const status = statusOf(seen, known, AT, OFFLINE_AFTER);
    const riskFactors = factorsOf({ ...none, ...ages, status }, AT);
    return { status, lastSeenAt: seen === null ? null : seen - AT, risk: riskOf(riskFactors), riskFactors } as never;
  };
  const { status, lastSeenAt, risk } = pastProject(draw, row as ProjectRow, known, AT, OFFLINE_AFTER);
  return [status, lastSeenAt, risk];
};
const seen = (first: number | null, last: number | null) => ({
  first_seen_at: first === null ? null : AT + first,
  last_seen_at: last === null ? null : AT + last,
});
const up = { status: 'up', latencyMs: 5 } as const;
const down = { status: 'down', latencyMs: null } as const;
const unknown = { status: 'unknown', latencyMs: null } as const;

describe('a project as it was', () => {
  it.each([
    ['its checks were well', seen(-9e6, MINUTE), { probes: [up], heardAt: AT - 1000 }, ['online', -1000, 0]],
    ['one of them was down', seen(-9e6, MINUTE), { probes: [up, down], heardAt: AT - 1000 }, ['degraded', -1000, 0.4]],
    ['all were down, and it came back since', seen(-9e6, MINUTE), { probes: [down] }, ['offline', -9e6, 0.8]],
    ['it only reported figures', seen(-9e6, MINUTE), { heardAt: AT - MINUTE }, ['online', -MINUTE, 0]],
    ['it was silent already, and is since', seen(-9e6, -8e6), {}, ['offline', -8e6, 0.8]],
    ['nothing is kept of then', seen(-9e6, MINUTE), { probes: [unknown] }, ['offline', null, 0]],
  ] as const)('%s', (_what, row, facts, wanted) => {
    expect(then(row, facts)).toEqual(wanted);
  });
});

it('draws an edge from its first report on, and no weaker for what was proven since', () => {
  const edge = (first: number, proof: number) => ({ first_at: AT + first, proof_at: AT + proof }) as EdgeRow;
  expect(edgesThen([edge(-10, -5), edge(-10, 5), edge(1, 5)], AT)).toEqual([edge(-10, -5), edge(-10, 0)]);
});
