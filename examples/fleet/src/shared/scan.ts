import type { AuditResult, Instance } from '@orrery/sdk';
import type { Random } from './random.ts';

/** What a dependency scan of a product of this kind tends to find. */
const ADVISORIES = [
  { package: 'tar', severity: 'high' },
  { package: 'semver', severity: 'high' },
  { package: 'ws', severity: 'high' },
  { package: 'path-to-regexp', severity: 'high' },
  { package: 'xmldom', severity: 'critical' },
] as const;

/** The same as an audit: an advisory that is high is a warning, one that is critical a failure. */
export function securityAudit(instance: Instance, random: Random): AuditResult {
  const { vulnsCritical, vulnsHigh } = scan(instance, random);
  const ok = ADVISORIES.length - vulnsCritical - vulnsHigh;
  return { ok, warn: vulnsHigh, fail: vulnsCritical, findings: { vulnsCritical, vulnsHigh } };
}

/** Scans the dependencies, logs what was found and sends the summary. */
export function scan(instance: Instance, random: Random): { vulnsCritical: number; vulnsHigh: number } {
  const found = ADVISORIES.filter((advisory) => random.chance(advisory.severity === 'critical' ? 0.04 : 0.18));
  const vulnsCritical = found.filter((advisory) => advisory.severity === 'critical').length;
  const counts = { vulnsCritical, vulnsHigh: found.length - vulnsCritical };
  instance.logs.write(vulnsCritical > 0 ? 'warn' : 'info', `Dependency scan finished: ${found.length} advisories`, {
    packages: found.map((advisory) => advisory.package).join(', ') || 'none',
  });
  instance.summary.security({ ...counts, lastScan: new Date().toISOString() });
  return counts;
}
