import type { Cause, Diagnosis, Evidence } from '@orrery/protocol';
import { printable } from '../terminal.ts';

const BAR = 20;

/** Causes with their confidence and evidence, the likeliest first, and what a model made of it. */
export function describeDiagnosis({ causes, evidence, explanation, at }: Diagnosis, all: boolean): string {
  const known = new Map(evidence.map((each) => [each.id, each]));
  const cited = new Set(causes.flatMap((cause) => cause.evidence));
  const rest = evidence.filter(({ id }) => all && !cited.has(id));
  return [
    causes.length === 0
      ? 'The data is not enough to name a cause. It is looked at again when more is known.'
      : causes.map((cause, i) => describeCause(cause, i + 1, known)).join('\n\n'),
    ...(explanation && explanation.claims.length > 0
      ? [
          [
            `What ${printable(explanation.model)} makes of it:`,
            ...explanation.claims.map(({ text }) => `  - ${printable(text)}`),
          ].join('\n'),
        ]
      : []),
    ...(rest.length > 0 ? [['Also seen:', ...rest.map(line)].join('\n')] : []),
    `As of ${at}.`,
  ].join('\n\n');
}

function describeCause(cause: Cause, place: number, known: ReadonlyMap<string, Evidence>): string {
  const filled = Math.round(cause.confidence * BAR);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
  return [
    `${place}. ${printable(cause.title)}  (${cause.kind})`,
    `   ${bar} ${Math.round(cause.confidence * 100)} %`,
    ...cause.evidence.flatMap((id) => known.get(id) ?? []).map((each) => ` ${line(each)}`),
    `   Next: ${printable(cause.nextStep)}`,
  ].join('\n');
}

const line = ({ at, kind, text }: Evidence): string => `  ${at.slice(11, 19)} ${kind.padEnd(11)} ${printable(text)}`;
