import { createHash } from 'node:crypto';
import type { CauseKind, Severity } from '@orrery/protocol';
import { type Fact, nameOf, type Part } from '../rank/facts.ts';
import { SEEN, WEIGHTS } from '../rank/weights.ts';

/** The id of a fact: the same whenever, and on whichever hub, it is gathered. */
export const factId = (...subject: readonly string[]): string =>
  `ev_${createHash('sha256').update(subject.join('\u0000')).digest('hex').slice(0, 16)}`;

/** What a symptom that reads like this speaks for. A kind that is named is likelier than one that is only seen. */
export function speaksFor(kind: CauseKind | undefined, named: boolean, severity: Severity): Fact['speaks'] {
  if (kind === undefined) return [];
  if (SEEN.has(kind) || !named) return [{ kind, weight: WEIGHTS.symptom[severity] }];
  return [{ kind, weight: severity === 'info' ? WEIGHTS.symptom.info : WEIGHTS.named }];
}

/** How long before another moment something was, in words. */
export function span(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

export const listOf = (parts: readonly Part[]): string => {
  const names = parts.map(nameOf);
  if (names.length > 4) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '');
};
