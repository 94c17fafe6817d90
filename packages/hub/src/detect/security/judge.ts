import type { AttackFamily, Severity } from '@orrery/protocol';

/** Without an attack for so long an incident is over. */
export const ACTIVE_MS = 15 * 60_000;
/** So many attacks of one family within ten minutes are a burst. */
export const BURST = 100;

type Tried = { family: AttackFamily; rule: string; passed: number; failed: number };

/** Pure: how grave the attacks of one family are. `peak` is the most that any ten minutes of the last hour had. */
export function gravity(attacks: readonly Tried[], peak: number): Severity {
  const [first] = attacks;
  if (!first) return 'info';
  if (attacks.some(({ family, rule }) => family === 'brute-force' && rule === 'succeeded')) return 'critical';
  // Clients that ask too often are told so, and that is all; only many of them are worth a person's time.
  if (first.family === 'rate-limit') return peak >= BURST * 10 ? 'critical' : peak >= BURST ? 'warning' : 'info';
  if (peak >= BURST) return 'critical';
  if (first.family === 'brute-force') return attacks.some(({ rule }) => rule !== 'denied') ? 'warning' : 'info';
  // What the product refused by itself came to nothing.
  return attacks.some(({ passed, failed }) => passed + failed > 0) ? 'warning' : 'info';
}

/** Families as people call them. */
export const FAMILY_WORDS: Readonly<Record<AttackFamily, string>> = {
  'sql-injection': 'SQL injection',
  xss: 'cross-site scripting',
  'path-traversal': 'path traversal',
  'command-injection': 'command injection',
  lookup: 'a lookup injection (Log4Shell)',
  template: 'template injection',
  'header-split': 'header injection',
  'nul-byte': 'NUL bytes',
  'brute-force': 'guessing of credentials',
  'rate-limit': 'too many requests',
};
