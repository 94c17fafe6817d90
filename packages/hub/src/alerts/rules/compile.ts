import { parseDuration, type RuleDeclaration, type RuleEffect } from '@orrery/protocol';
import { compileExpression } from './expression.ts';
import { describeFault, type Fault } from './fault.ts';
import { wordsOf } from './narrow.ts';
import type { Subject } from './subjects.ts';
import { type CompiledText, compileText } from './texts.ts';

/** A rule ready to run. */
export type Rule = {
  declaration: RuleDeclaration;
  /** Event types or sample keys that it can match; undefined: any. */
  words: ReadonlySet<string> | undefined;
  /** Throws EvaluationError. */
  when(subject: Subject): unknown;
  title: CompiledText;
  description?: CompiledText;
  recommendation?: CompiledText;
  cooldownMs: number;
};
/** What is wrong with a rule, and where in which of its texts. */
export type RuleFault = Fault & { path: readonly string[] };

const TEXTS = ['title', 'description', 'recommendation'] as const;

/** Reads a rule's condition and texts and checks their types: the rule, or everything that is wrong with it. */
export function compileRule(declaration: RuleDeclaration): Rule | RuleFault[] {
  const { on, when, effect } = declaration;
  const faults: RuleFault[] = [];
  const condition = compileExpression(when, on);
  if ('reason' in condition) faults.push({ ...condition, path: ['when'] });
  else if (condition.type !== 'bool' && condition.type !== 'dyn')
    faults.push({ reason: `must be true or false, not ${condition.type}`, from: 0, to: when.length, path: ['when'] });
  const texts: Partial<Record<(typeof TEXTS)[number], CompiledText>> = {};
  for (const name of TEXTS) {
    const text = textOf(effect, name);
    if (text === undefined) continue;
    const compiled = compileText(text, on);
    if (typeof compiled === 'function') texts[name] = compiled;
    else faults.push({ ...compiled, path: ['effect', name] });
  }
  if (faults.length > 0 || 'reason' in condition || !texts.title) return faults;
  return {
    declaration,
    words: wordsOf(condition.ast, on, on === 'event' ? 'type' : 'key'),
    when: condition.run,
    ...texts,
    title: texts.title,
    cooldownMs: parseDuration(declaration.cooldown) ?? 0,
  };
}

const textOf = (effect: RuleEffect, name: (typeof TEXTS)[number]): string | undefined =>
  (effect as Partial<Record<typeof name, string>>)[name];

/** What the shape of a rule does not show, with the path inside the declaration. */
export function ruleProblems(declaration: RuleDeclaration): { path: readonly string[]; reason: string }[] {
  const compiled = compileRule(declaration);
  if (!Array.isArray(compiled)) return [];
  return compiled.map((fault) => ({ path: fault.path, reason: describeRuleFault(declaration, fault) }));
}

/** The fault in words, with the place in the text that it stands in. */
export function describeRuleFault({ when, effect }: RuleDeclaration, fault: RuleFault): string {
  const [field, name] = fault.path;
  return describeFault(fault, field === 'when' ? when : (textOf(effect, name as (typeof TEXTS)[number]) ?? ''));
}

/** How long an alert outlives the last match, in ms; nothing for effects that are over at once. */
export const resolveAfter = (effect: RuleEffect): number =>
  effect.kind === 'alert' ? (parseDuration(effect.resolveAfter) ?? 0) : 0;
