import { compileExpression, type Expression } from './expression.ts';
import type { Fault } from './fault.ts';
import type { Subject, SubjectKind } from './subjects.ts';

/** A text with expressions in it: `Deploy of ${event.project} failed`; `$${` stands for `${` itself. */
export type CompiledText = (subject: Subject) => string;
const MISSING = '?';

/** Reads a text; positions of faults are those in the text. */
export function compileText(text: string, kind: SubjectKind): CompiledText | Fault {
  const parts: (string | Expression)[] = [];
  let plain = '';
  for (let i = 0; i < text.length; ) {
    if (text.startsWith('$${', i)) {
      plain += '${';
      i += 3;
    } else if (text.startsWith('${', i)) {
      const end = closing(text, i + 2);
      if (end === undefined)
        return { reason: '${ is not closed; write $${ for the text itself', from: i, to: text.length };
      const found = compileExpression(text.slice(i + 2, end), kind);
      if ('reason' in found) return { reason: found.reason, from: found.from + i + 2, to: found.to + i + 2 };
      parts.push(plain, found);
      plain = '';
      i = end + 1;
    } else plain += text[i++];
  }
  parts.push(plain);
  return (subject) => parts.map((part) => (typeof part === 'string' ? part : shown(part, subject))).join('');
}

/** Where the brace that was opened before `from` closes; quotes and braces inside are passed over. */
function closing(text: string, from: number): number | undefined {
  let depth = 0;
  let quote: string | undefined;
  for (let i = from; i < text.length; i++) {
    const character = text[i];
    if (quote !== undefined) {
      if (character === '\\') i++;
      else if (character === quote) quote = undefined;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '{') depth++;
    else if (character === '}' && depth-- === 0) return i;
  }
  return undefined;
}

/** A value that is missing costs the text a word, never the alert. */
function shown(expression: Expression, subject: Subject): string {
  try {
    return inWords(expression.run(subject));
  } catch {
    return MISSING;
  }
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return MISSING;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner)) ?? MISSING;
}
