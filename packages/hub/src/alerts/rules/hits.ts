import type { Rule } from './compile.ts';
import { loadCel } from './language.ts';
import { EventSubject, type Subject } from './subjects.ts';

/** A rule that holds for an event or sample, with its texts filled in. */
export type Hit = {
  rule: Rule;
  project: string;
  service: string;
  /** Of the event; absent for a sample. */
  seq?: number;
  /** The event's id. */
  eventId?: string;
  title: string;
  description?: string;
  recommendation?: string;
};

/** What running one rule on one subject came to. A key that the subject does not have makes a rule not hold; that is no error. */
export type Outcome = { kind: 'hit'; hit: Hit } | { kind: 'miss' } | { kind: 'error'; reason: string };

const MISS: Outcome = { kind: 'miss' };

/** Pure: runs one rule. Never throws. */
export function runRule(rule: Rule, subject: Subject, seq?: number): Outcome {
  try {
    const held = rule.when(subject);
    if (held === false) return MISS;
    if (held !== true) return { kind: 'error', reason: `the condition gave ${typeof held}, not true or false` };
    if (subject.project === '' && rule.declaration.effect.kind === 'alert')
      return { kind: 'error', reason: 'an alert needs a project, and this event has none' };
    return { kind: 'hit', hit: hitOf(rule, subject, seq) };
  } catch (error) {
    const { EvaluationError } = loadCel();
    if (error instanceof EvaluationError && error.code === 'no_such_key') return MISS;
    const reason = error instanceof EvaluationError ? error.summary : String(error);
    return { kind: 'error', reason: reason.slice(0, 300) };
  }
}

function hitOf(rule: Rule, subject: Subject, seq: number | undefined): Hit {
  const { title, description, recommendation } = rule;
  return {
    rule,
    project: subject.project,
    service: subject.service,
    ...(seq === undefined ? {} : { seq }),
    ...(subject instanceof EventSubject ? { eventId: subject.id } : {}),
    title: clean(title(subject), 300) || rule.declaration.name,
    ...(description ? { description: clean(description(subject), 4000) } : {}),
    ...(recommendation ? { recommendation: clean(recommendation(subject), 2000) } : {}),
  };
}

/** Databases refuse NUL and half characters. */
const clean = (text: string, max: number): string => text.slice(0, max).toWellFormed().replaceAll('\0', '');
