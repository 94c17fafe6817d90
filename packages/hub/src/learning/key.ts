import { createHash } from 'node:crypto';
import type { GeneralRemedy, Symptom } from '@orrery/protocol';

/** A symptom as text that is the same for the same symptom. */
export const symptomText = ({ category, severity, check, failure, cause }: Symptom): string =>
  JSON.stringify({ category, severity, check, failure, cause });

/** Symptom and remedy, whatever caused it and wherever it was: those that have this in common lend each other belief. */
export const kinOf = ({ category, severity, check, failure }: Symptom, { kind, form }: GeneralRemedy): string =>
  JSON.stringify([category, severity, check, failure, kind, form]);

/** The id of a pattern: a symptom with its remedy at one service, or (with empty names) everywhere. */
export function patternId(symptom: string, { kind, form }: GeneralRemedy, project = '', service = ''): string {
  const hash = createHash('sha256').update(JSON.stringify([symptom, kind, form, project, service]));
  return `ptn_${hash.digest('hex').slice(0, 26)}`;
}
