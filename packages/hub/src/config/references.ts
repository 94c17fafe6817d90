// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables are the subject.
import type { Environment } from './environment.ts';

/**
 * `${NAME}` holds braces, which end a plain value inside `{ … }`. So before YAML sees the text, the inside of every reference is
 * written in 16 of Unicode's noncharacters, one for one: lines and columns stay what they are.
 */
const ASCII = '{}[],:#&*!|>\'"%@`';
const STAND_IN = [...ASCII].map((_, i) => String.fromCharCode(0xfdd0 + i));
const HIDDEN = new Map([...ASCII].map((char, i) => [char, STAND_IN[i] ?? char]));
const SHOWN = new Map([...HIDDEN].map(([char, standIn]) => [standIn, char]));
const REFERENCE = /\$\$?\{[^{}\n]*\}/g;
/** The same, and the beginning of one that is not closed. */
const ANY_REFERENCE = /\$\$?\{(?:[^{}\n]*\})?/g;
const RESERVED = /[\uFDD0-\uFDEF]/;

/** Hides references from the YAML parser; undefined when the text already holds a character needed for that. */
export function hideReferences(text: string): string | undefined {
  if (RESERVED.test(text)) return undefined;
  return text.replace(REFERENCE, (found) => found.replace(/./g, (char) => HIDDEN.get(char) ?? char));
}

/** Undoes `hideReferences`. */
export const showReferences = (text: string): string =>
  RESERVED.test(text) ? text.replace(/[\uFDD0-\uFDEF]/g, (char) => SHOWN.get(char) ?? char) : text;

export type Expansion = {
  text: string;
  /** Names of variables that the value was made of. */
  used: string[];
  /** What cannot be resolved, in words. */
  problems: string[];
};

/** Replaces `${NAME}` and `${NAME:-default}` by environment variables; `$${` stands for `${` itself. An empty variable counts as unset. */
export function expandReferences(text: string, env: Environment): Expansion {
  const used: string[] = [];
  const problems: string[] = [];
  const expanded = text.replace(ANY_REFERENCE, (found) => {
    if (found.startsWith('$$')) return found.slice(1);
    const [, name, fallback] = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?\}$/.exec(found) ?? [];
    if (!found.endsWith('}')) {
      problems.push(
        'a reference that starts with ${ is not closed (a default may not hold braces); write $${ for the text itself',
      );
      return found;
    }
    if (name === undefined) {
      problems.push(`${found} is no reference; write \${NAME} or \${NAME:-default}, or $${found} for the text itself`);
      return found;
    }
    used.push(name);
    const value = env[name] || fallback;
    if (value !== undefined) return value;
    const state = env[name] === '' ? 'is empty' : 'is not set';
    problems.push(
      `the environment variable ${name} ${state}; set it, or write \${${name}:-default}, or $${found} for the text itself`,
    );
    return found;
  });
  return { text: expanded, used, problems };
}

const EXPRESSION_KEYS: ReadonlySet<PropertyKey> = new Set(['when', 'title', 'description', 'recommendation']);

/** Whether `${…}` at this place holds an expression of a rule, and no variable of the environment. */
export const holdsExpressions = (path: readonly PropertyKey[]): boolean =>
  path[0] === 'rules' && EXPRESSION_KEYS.has(path.at(-1) ?? '');
