/** A template of JSON text: `{{path}}` inside a JSON string is text, `{{{path}}}` outside of one is a JSON value. */
export type Template = { render(values: unknown): string };
type Part = string | { path: readonly string[]; raw: boolean };

const PLACEHOLDER = /\{\{\{\s*([^{}]*?)\s*\}\}\}|\{\{\s*([^{}]*?)\s*\}\}/g;

/**
 * Takes a template apart, or says what is wrong with it. What is right stays JSON whatever the values are: text is escaped where it stands in
 * a string, and a value stands only where any value may.
 */
export function compileTemplate(text: string, known?: (path: readonly string[]) => boolean): Template | Problem {
  const parts: Part[] = [];
  const place: Place = { inString: false, escape: 0 };
  let from = 0;
  for (const found of text.matchAll(PLACEHOLDER)) {
    const before = text.slice(from, found.index);
    advance(place, before);
    parts.push(before);
    from = found.index + found[0].length;
    const raw = found[1] !== undefined;
    const path = (found[1] ?? found[2] ?? '').split('.');
    const problem = problemOf(found[0], path, raw, place) ?? unknownOf(found[0], path, known);
    if (problem !== undefined) return { problem, at: found.index };
    parts.push({ path, raw });
  }
  parts.push(text.slice(from));
  const broken = jsonProblem(text, parts);
  if (broken !== undefined) return broken;
  return { render: (values) => fill(parts, (part) => written(valueAt(values, part.path), part.raw)) };
}

/** `at` counts characters of the template. */
export type Problem = { problem: string; at: number };

type Place = { inString: boolean /** Characters of an escape sequence that are still to come. */; escape: number };

function advance(place: Place, text: string): void {
  for (const character of text) {
    if (!place.inString) place.inString = character === '"';
    else if (place.escape === ESCAPE_BEGINS) place.escape = character === 'u' ? 4 : 0;
    else if (place.escape > 0) place.escape -= 1;
    else if (character === '\\') place.escape = ESCAPE_BEGINS;
    else if (character === '"') place.inString = false;
  }
}
const ESCAPE_BEGINS = 5;

function problemOf(shown: string, path: readonly string[], raw: boolean, place: Place): string | undefined {
  if (path.some((part) => !/^[A-Za-z][A-Za-z0-9]*$/.test(part)))
    return `${shown} is no path: write words with dots between them, "alert.title"`;
  if (place.escape > 0) return `${shown} stands in the middle of an escape sequence; write \\\\ for a backslash`;
  if (place.inString && raw) return `${shown} stands inside a string; write {{${path.join('.')}}} there`;
  if (!place.inString && !raw)
    return `${shown} stands outside a string; put it in quotes, or write {{{${path.join('.')}}}} for a JSON value`;
  return undefined;
}

const unknownOf = (shown: string, path: readonly string[], known?: (path: readonly string[]) => boolean) =>
  known === undefined || known(path) ? undefined : `${shown} names nothing that a notification holds`;

/** With `null` for every value and nothing for every text it must be JSON: then it is with all others too. */
function jsonProblem(text: string, parts: readonly Part[]): Problem | undefined {
  const filled = fill(parts, ({ raw }) => (raw ? 'null' : ''));
  try {
    JSON.parse(filled);
    return undefined;
  } catch (error) {
    // The message itself quotes the text, which may hold a secret. Lines are the same in both texts.
    const [, position] = /at position (\d+)/.exec((error as Error).message) ?? [];
    const line = position === undefined ? 0 : filled.slice(0, Number(position)).split('\n').length - 1;
    const before = text.split('\n').slice(0, line);
    return { problem: 'is no JSON', at: before.join('\n').length + (line > 0 ? 1 : 0) };
  }
}

const fill = (parts: readonly Part[], value: (part: Exclude<Part, string>) => string): string =>
  parts.map((part) => (typeof part === 'string' ? part : value(part))).join('');

function valueAt(values: unknown, path: readonly string[]): unknown {
  let value = values;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function written(value: unknown, raw: boolean): string {
  if (raw) return JSON.stringify(value ?? null);
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.stringify(text).slice(1, -1);
}
