import type { ASTNode } from '@marcbachmann/cel-js';
import type { RE2JS } from 're2js';
import { nodesOf } from './bounds.ts';
import type { Fault } from './fault.ts';
import { loadRe2 } from './language.ts';

/** The library's `matches` runs JavaScript's RegExp, which some patterns keep busy for ever. In its place stands one of linear time, under a name as long. */
export const LINEAR = 'matched';
const MAX_KEPT = 500;

const kept = new Map<string, RE2JS>();

function compiled(pattern: string): RE2JS {
  const known = kept.get(pattern);
  if (known) return known;
  const made = loadRe2().RE2JS.compile(pattern);
  kept.set(pattern, made);
  const oldest = kept.keys().next().value;
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  return made;
}

/** CEL's `matches`: whether RE2 finds the pattern anywhere in the text. */
export const matchesLinear = (text: string, pattern: string): boolean => compiled(pattern).test(text);

/** The same expression, its patterns checked and matched in linear time. Nothing moves: positions are those of the original. */
export function withLinearMatches(text: string, ast: ASTNode): { text: string } | Fault {
  let changed = text;
  for (const node of nodesOf(ast)) {
    if (node.op !== 'rcall') continue;
    const [name, receiver, [pattern]] = node.args;
    if (name !== 'matches' && name !== LINEAR) continue;
    const fault = patternFault(node, pattern);
    if (fault) return fault;
    const at = nameAfter(text, receiver.end);
    if (!text.startsWith(name, at)) return { reason: 'matches cannot be found here', from: node.start, to: node.end };
    changed = `${changed.slice(0, at)}${LINEAR}${changed.slice(at + LINEAR.length)}`;
  }
  return { text: changed };
}

/** Where the name of a method begins, after the end of what it is called on. A comment between the two may hold any word. */
function nameAfter(text: string, from: number): number {
  const between = /(?:[ \t\r\n).?]|\/\/[^\n]*)*/y;
  between.lastIndex = from;
  between.test(text);
  return between.lastIndex;
}

function patternFault(node: ASTNode, pattern: ASTNode | undefined): Fault | undefined {
  const { start: from, end: to } = pattern ?? node;
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string')
    return { reason: 'matches takes one pattern, written in quotes', from, to };
  try {
    compiled(pattern.args);
    return undefined;
  } catch (error) {
    if (!(error instanceof loadRe2().RE2JSException)) throw error;
    return { reason: `is no pattern that RE2 knows: ${error.message}`, from, to };
  }
}
