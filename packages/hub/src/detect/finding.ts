import { createHash } from 'node:crypto';
import type { Category, Severity } from '@orrery/protocol';

/** What a detector says is wrong now. Two findings with one fingerprint are the same trouble of the same severity, seen again. */
export type Finding = {
  fingerprint: string;
  detector: string;
  project: string;
  service?: string;
  severity: Severity;
  category: Category;
  title: string;
  description: string;
  recommendation?: string;
  autoFixable: boolean;
  /** Epoch milliseconds of the newest fact that it rests on. */
  observedAt: number;
  /** How long its recovery must last before people are told of it, ms; at once when absent. One that comes back within goes on as the same trouble. */
  settleMs?: number;
};

/** Every judgement names the same troubles again: as many names as a thousand services have are kept. */
const KEPT_NAMES = 10_000;
const names = new Map<string, string>();

/** A stable name for one trouble: the same words give the same 32 hex digits on every hub and after every restart. */
export function fingerprintOf(...words: readonly string[]): string {
  const text = JSON.stringify(words);
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
  if (names.size >= KEPT_NAMES) names.clear();
  names.set(text, name);
  return name;
}

/** A number as people read it: at most six digits that matter. */
export const inWords = (value: number, unit?: string): string => {
  const digits = String(Number(value.toPrecision(6)));
  return unit === undefined ? digits : `${digits} ${unit}`;
};
