import type { ProjectStatus, RiskFactors } from '@orrery/protocol';

/** What risk is judged from; times are epoch ms, and null is what nobody ever reported. */
export type RiskFacts = {
  status: ProjectStatus;
  vulnsCritical: number | null;
  vulnsHigh: number | null;
  auditsOk: number | null;
  auditsWarn: number | null;
  auditsFail: number | null;
  lastDeployedAt: number | null;
  lastAuditAt: number | null;
  lastScanAt: number | null;
};

/** How much a factor alone may make of a risk. */
export const RISK_WEIGHTS = { security: 1, compliance: 0.7, staleness: 0.4, health: 0.8 } as const;

const DAY = 86_400_000;
/** From how old on something is stale at all, and from when on altogether, in days. */
const AGES = { deploy: [14, 90], audit: [7, 30], scan: [7, 30] } as const;
const HEALTH: Record<ProjectStatus, number> = { online: 0, degraded: 0.5, offline: 1 };

const known = (value: number | null): value is number => value !== null && Number.isFinite(value);
const round = (share: number): number => Math.round(Math.min(1, Math.max(0, share)) * 1000) / 1000;

/** 0 up to `from` days, 1 from `to` days on, straight in between. */
function aged(at: number | null, [from, to]: readonly [number, number], now: number): number | null {
  return known(at) ? Math.min(1, Math.max(0, (now - at) / DAY - from) / (to - from)) : null;
}

/**
 * Pure: what may go wrong at a project, each factor from 0 to 1, null where nothing is known of it.
 * security = 1 − ½^(critical + high ÷ 4): one critical hole is 0.5, two are 0.75, four high ones 0.5.
 * compliance = (failed + warned ÷ 2) ÷ all audits.
 * staleness = the oldest of: deployed 14 to 90 days ago, audited or scanned 7 to 30 days ago.
 * health = online 0, degraded ½, offline 1.
 */
export function factorsOf(facts: RiskFacts, now: number): RiskFactors {
  const { vulnsCritical, vulnsHigh } = facts;
  const holes = known(vulnsCritical) || known(vulnsHigh) ? (vulnsCritical ?? 0) + (vulnsHigh ?? 0) / 4 : null;
  const [ok, warn, fail] = [facts.auditsOk ?? 0, facts.auditsWarn ?? 0, facts.auditsFail ?? 0];
  const audits = ok + warn + fail;
  const ages = [
    aged(facts.lastDeployedAt, AGES.deploy, now),
    aged(facts.lastAuditAt, AGES.audit, now),
    aged(facts.lastScanAt, AGES.scan, now),
  ].filter(known);
  return {
    security: holes === null ? null : round(1 - 0.5 ** Math.max(0, holes)),
    compliance: audits > 0 ? round((fail + warn / 2) / audits) : null,
    staleness: ages.length > 0 ? round(Math.max(...ages)) : null,
    health: HEALTH[facts.status],
  };
}

/**
 * Pure: one risk from its factors: 1 − Π (1 − weight × factor), as of independent troubles that any one of them may bring. More trouble never
 * makes less of it, one bad factor is not averaged away, and what is unknown adds nothing.
 */
export function riskOf(factors: RiskFactors): number {
  let safe = 1;
  for (const [name, weight] of Object.entries(RISK_WEIGHTS))
    safe *= 1 - weight * (factors[name as keyof typeof RISK_WEIGHTS] ?? 0);
  return round(1 - safe);
}
