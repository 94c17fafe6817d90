import type { RuleTestInput, RuleTestResult } from '@orrery/protocol';
import { compileRule, describeRuleFault } from './compile.ts';
import { runRule } from './hits.ts';
import { EventSubject, SampleSubject, type Subject } from './subjects.ts';

export type RuleTest = RuleTestInput;

/** Pure: what a rule says to one event or sample, or what is wrong with it and where. */
export function tryRule({ rule, event, sample }: RuleTestInput, now: number): RuleTestResult {
  const compiled = compileRule(rule);
  if (Array.isArray(compiled))
    return {
      matched: false,
      problems: compiled.map((fault) => ({
        field: fault.path.join('.'),
        reason: describeRuleFault(rule, fault),
        from: fault.from,
        to: fault.to,
      })),
    };
  const subject = subjectFor({ event, sample }, now);
  if (subject === undefined || (rule.on === 'event') !== subject instanceof EventSubject)
    return {
      matched: false,
      error: `the rule is about ${rule.on === 'event' ? 'an event' : 'a sample'}, and none was given`,
    };
  const outcome = runRule(compiled, subject);
  if (outcome.kind === 'miss') return { matched: false };
  if (outcome.kind === 'error') return { matched: false, error: outcome.reason };
  const { title, description, recommendation } = outcome.hit;
  return {
    matched: true,
    effect: {
      kind: rule.effect.kind,
      project: subject.project,
      ...(subject.service === '' ? {} : { service: subject.service }),
      title,
      ...(description === undefined ? {} : { description }),
      ...(recommendation === undefined ? {} : { recommendation }),
    },
  };
}

function subjectFor({ event, sample }: Pick<RuleTestInput, 'event' | 'sample'>, now: number): Subject | undefined {
  const at = (text: string | undefined) => new Date(text === undefined ? now : Date.parse(text));
  if (event)
    return new EventSubject({
      id: event.id ?? 'test',
      type: event.type,
      project: event.project ?? '',
      service: event.service ?? '',
      title: event.title ?? event.type,
      data: event.data ?? {},
      at: at(event.at),
    });
  if (sample)
    return new SampleSubject({
      project: sample.project,
      service: sample.service ?? '',
      key: sample.key,
      value: sample.value,
      unit: sample.unit ?? '',
      tags: sample.tags ?? {},
      at: at(sample.at),
    });
  return undefined;
}
