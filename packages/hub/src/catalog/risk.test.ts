import { describe, expect, test } from 'vitest';
import { factorsOf, RISK_WEIGHTS, type RiskFacts, riskOf } from './risk.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const daysAgo = (days: number) => NOW - days * 86_400_000;
const NOTHING: RiskFacts = {
  status: 'online',
  vulnsCritical: null,
  vulnsHigh: null,
  auditsOk: null,
  auditsWarn: null,
  auditsFail: null,
  lastDeployedAt: null,
  lastAuditAt: null,
  lastScanAt: null,
};

describe('the risk of a project', () => {
  test.each<[what: string, facts: Partial<RiskFacts>, factors: object, risk: number]>([
    ['nothing known, online', {}, { security: null, compliance: null, staleness: null, health: 0 }, 0],
    ['silent', { status: 'offline' }, { health: 1 }, 0.8],
    ['half of it down', { status: 'degraded' }, { health: 0.5 }, 0.4],
    ['no holes', { vulnsCritical: 0, vulnsHigh: 0 }, { security: 0 }, 0],
    ['one critical hole', { vulnsCritical: 1, vulnsHigh: 0 }, { security: 0.5 }, 0.5],
    ['two critical holes', { vulnsCritical: 2 }, { security: 0.75 }, 0.75],
    ['four high holes', { vulnsHigh: 4 }, { security: 0.5 }, 0.5],
    ['a thousand holes', { vulnsCritical: 1000 }, { security: 1 }, 1],
    ['all audits well', { auditsOk: 40, auditsWarn: 0, auditsFail: 0 }, { compliance: 0 }, 0],
    ['no audit at all', { auditsOk: 0, auditsWarn: 0, auditsFail: 0 }, { compliance: null }, 0],
    ['one of four failed, one warned', { auditsOk: 2, auditsWarn: 1, auditsFail: 1 }, { compliance: 0.375 }, 0.262],
    ['all failed', { auditsFail: 3 }, { compliance: 1 }, 0.7],
    ['deployed today', { lastDeployedAt: NOW }, { staleness: 0 }, 0],
    ['deployed 14 days ago', { lastDeployedAt: daysAgo(14) }, { staleness: 0 }, 0],
    ['deployed 52 days ago', { lastDeployedAt: daysAgo(52) }, { staleness: 0.5 }, 0.2],
    ['deployed a year ago', { lastDeployedAt: daysAgo(365) }, { staleness: 1 }, 0.4],
    ['deployed tomorrow, by a wrong clock', { lastDeployedAt: daysAgo(-1) }, { staleness: 0 }, 0],
    ['the oldest counts', { lastDeployedAt: NOW, lastScanAt: daysAgo(30), lastAuditAt: NOW }, { staleness: 1 }, 0.4],
    [
      'several at once',
      { status: 'degraded', vulnsCritical: 1, auditsFail: 1, auditsOk: 1, lastScanAt: daysAgo(18.5) },
      { security: 0.5, compliance: 0.5, staleness: 0.5, health: 0.5 },
      0.844,
    ],
    [
      'figures that are none',
      { vulnsCritical: Number.NaN, lastScanAt: Number.NaN },
      { security: null, staleness: null },
      0,
    ],
  ])('%s', (_what, facts, factors, risk) => {
    const found = factorsOf({ ...NOTHING, ...facts }, NOW);
    expect(found).toMatchObject(factors);
    expect(riskOf(found)).toBe(risk);
  });

  test('more of any factor never makes less of a risk, and it stays between 0 and 1', () => {
    const steps = [null, 0, 0.25, 0.5, 1];
    for (const security of steps)
      for (const compliance of steps)
        for (const name of Object.keys(RISK_WEIGHTS) as (keyof typeof RISK_WEIGHTS)[]) {
          const base = { security, compliance, staleness: 0.5, health: 0.5 };
          const risks = steps.map((value) => riskOf({ ...base, [name]: value }));
          expect(risks).toEqual(risks.toSorted((a, b) => a - b));
          for (const risk of risks) expect(risk >= 0 && risk <= 1).toBe(true);
        }
  });
});
