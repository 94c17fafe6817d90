/** A condition of a plan's filter on one column: `=` may stand for `= ANY`. `cast` is what the column is read as. */
export type Condition = { column: string; operator: '=' | 'range'; cast: string | undefined };

const IDENT = '(?:"(?:[^"]|"")+"|[a-z_][\\w$]*)';
const REF = `(?:(${IDENT})\\.)?(${IDENT})`;
const CONDITION = new RegExp(`^(?:\\(${REF}\\)::([a-z][\\w ]*(?:\\[\\])?)|${REF}) (=|<|<=|>|>=) (.+)$`, 's');

/**
 * Pure: the conditions of a filter, as PostgreSQL writes it, that an index on a column could serve. All of a filter's parts that are joined by AND
 * count; of those with OR, functions or other columns on the other side nothing is said.
 */
export function conditionsOf(filter: string): Condition[] {
  return conjunctsOf(filter).flatMap((part): Condition[] => {
    const match = CONDITION.exec(part);
    if (!match) return [];
    const [, , castColumn, cast, , plainColumn, operator = '', value = ''] = match;
    const column = castColumn ?? plainColumn;
    if (column === undefined || !isValue(value)) return [];
    return [{ column: unquote(column), operator: operator === '=' ? '=' : 'range', cast: cast?.trim() }];
  });
}

/** The parts of a conjunction, without their outer parentheses; one part where there is no AND. */
function conjunctsOf(text: string): string[] {
  const inner = unwrap(text.trim());
  const parts = splitAt(inner, ' AND ');
  if (parts.length > 1) return parts.flatMap(conjunctsOf);
  return splitAt(inner, ' OR ').length > 1 ? [] : [inner];
}

/** A parameter, a literal, or a list of them: nothing that is read of a row. */
const isValue = (text: string): boolean =>
  /^(?:ANY \()?\(?(?:\$\d+|'|-?\d|true\b|false\b|now\(\)|CURRENT_)/.test(text) &&
  !new RegExp(`\\b${IDENT}\\.${IDENT}`).test(withoutTexts(text));

const withoutTexts = (text: string): string => text.replace(/'(?:[^']|'')*'/g, "''");
const unquote = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

function unwrap(text: string): string {
  if (!text.startsWith('(')) return text;
  let depth = 0;
  for (const { char, at } of outsideQuotes(text)) {
    if (char === '(') depth++;
    if (char === ')' && --depth === 0) return at === text.length - 1 ? unwrap(text.slice(1, -1)) : text;
  }
  return text;
}

function splitAt(text: string, word: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { char, at } of outsideQuotes(text)) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (depth === 0 && text.startsWith(word, at)) {
      parts.push(text.slice(from, at));
      from = at + word.length;
    }
  }
  return [...parts, text.slice(from)];
}

function* outsideQuotes(text: string): Generator<{ char: string; at: number }> {
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
    } else if (char === "'" || char === '"') quote = char;
    else yield { char, at };
  }
}
