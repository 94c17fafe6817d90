import type { AttackFamily, SecurityPosture } from '@orrery/protocol';
import type { Tone } from '../ui/state.ts';

export const FAMILY_WORD: Record<AttackFamily, string> = {
  'sql-injection': 'SQL injection',
  xss: 'Cross-site scripting',
  'path-traversal': 'Path traversal',
  'command-injection': 'Command injection',
  lookup: 'Lookup (Log4Shell)',
  template: 'Template injection',
  'header-split': 'Header injection',
  'nul-byte': 'NUL bytes',
  'brute-force': 'Brute force',
  'rate-limit': 'Rate limit',
};

/** A scan older than this says little of a project as it is. */
const STALE_MS = 7 * 86_400_000;

/** How a project stands, in one word: the worst of what is known. */
export function standing(row: SecurityPosture, now: number): { tone: Tone; word: string } {
  if ((row.vulnsCritical ?? 0) > 0) return { tone: 'bad', word: 'Critical vulnerabilities' };
  if (row.activeIncidents > 0) return { tone: 'warn', word: 'Under attack' };
  if ((row.vulnsHigh ?? 0) > 0 || (row.auditsFail ?? 0) > 0) return { tone: 'warn', word: 'Findings' };
  if (row.lastScanAt === null && row.lastAuditAt === null) return { tone: 'none', word: 'Never scanned' };
  const newest = Math.max(...[row.lastScanAt, row.lastAuditAt].map((at) => (at === null ? 0 : Date.parse(at))));
  return now - newest > STALE_MS ? { tone: 'quiet', word: 'Scan is old' } : { tone: 'ok', word: 'Clean' };
}

export const attacksOf = ({ attacks }: SecurityPosture): number =>
  Object.values(attacks).reduce((sum, count) => sum + count, 0);
