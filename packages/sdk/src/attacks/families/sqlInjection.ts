import { MARK } from '../marks.ts';
import type { Family, View } from './family.ts';
import {
  called,
  endsInComment,
  FUNCTIONS,
  followedByComment,
  isCall,
  isCutOff,
  isEndOfSql,
  isLast,
  isLiteral,
  MOST_TOKENS,
  ordering,
  selects,
  selectsSomething,
  statement,
  TELLING,
} from './sqlGrammar.ts';
import { isWord, SqlTokens, type Token } from './sqlTokens.ts';

const STARTS = new Set('select with insert update delete create alter explain show merge replace'.split(' '));
const MOST_ANCHORS = 96;

/** Where a text is read from: behind a quote that would end the string it was put into, or as a whole. */
type Anchor = { odd: boolean; quote: boolean; joined?: boolean };

/** SQL that would change the statement which a value is put into. A statement as a whole (a query console, a search for one) is innocent. */
export const sqlInjection: Family = {
  needs: MARK.quote | MARK.equals | MARK.paren | MARK.blank | MARK.separator,
  look(view) {
    const { text } = view;
    return behindQuotes(text, view) ?? bare(text, view);
  },
};

function behindQuotes(text: string, view: View): string | undefined {
  const seen: Record<number, number> = { 34: 0, 39: 0 };
  let anchors = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x27 && code !== 0x22) continue;
    // O'Brien, don't: a letter on both sides, and behind it no word of SQL.
    if (
      isLetter(text.charCodeAt(i - 1)) &&
      isLetter(text.charCodeAt(i + 1)) &&
      !/^(?:or|and|union|having|like|xor|in|is|limit|order|group|exec|execute|waitfor|declare|shutdown)[^a-z]/.test(
        text.slice(i + 1, i + 10),
      )
    )
      continue;
    const count = (seen[code] ?? 0) + 1;
    seen[code] = count;
    if (anchors >= MOST_ANCHORS) return undefined;
    if (!mayBegin(text, i + 1)) continue;
    anchors++;
    const rule = follow(
      new SqlTokens(text, i + 1),
      { quote: true, odd: count % 2 === 1, joined: i === 0 || text.charCodeAt(i - 1) > 32 },
      view,
    );
    if (rule) return rule;
  }
  return undefined;
}

/** A cheap look at what stands behind a quote, before anything is read. */
function mayBegin(text: string, from: number): boolean {
  let at = from;
  while (at - from < 64 && (text.charCodeAt(at) <= 32 || text.charCodeAt(at) === 0xa0 || text.charCodeAt(at) === 0x29))
    at++;
  if (at >= text.length) return false;
  const c = text[at] as string;
  if (isLetter(text.charCodeAt(at)))
    return /^(?:or|and|xor|union|having|order|group|limit|like|rlike|regexp|between|in|is|not|div|procedure|into|waitfor|exec|execute|select|insert|drop|delete|update|declare|if|shutdown|where|as|from|when|then|end|except|intersect|collate|begin|offset|returning|for)(?![a-z0-9_])|^(?:or|and)\d/.test(
      text.slice(at, at + 12),
    );
  return !/[0-9.:[\]{}\\?_]/.test(c);
}

/** What the tokens behind a quote come to. */
function follow(tokens: SqlTokens, anchor: Anchor, view: View): string | undefined {
  let token = tokens.next();
  for (let n = 0; n < 8 && token.kind === 'close'; n++) token = tokens.next();
  switch (token.kind) {
    case 'logic':
      if (token.text === 'where' || token.text === 'when') return undefined;
      return condition(tokens, anchor, view);
    case 'compare':
      return anchor.odd ? comparison(token, tokens, view) : undefined;
    case 'semicolon': {
      const next = tokens.next();
      if (next.kind === 'comment') return anchor.odd && isLast(tokens, next) ? 'comment' : undefined;
      return statement(next, tokens) ? 'stacked' : undefined;
    }
    case 'comment':
      return anchor.odd && anchor.joined === true && view.place !== 'body' && isLast(tokens, token)
        ? 'comment'
        : undefined;
    case 'open':
      return anchor.odd && tokens.next().text === 'select' ? 'subquery' : undefined;
    case 'arithmetic':
      return called(tokens) ? 'function' : undefined;
    case 'word':
      if (token.text === 'union' || token.text === 'except' || token.text === 'intersect')
        return selects(tokens) ? 'union' : undefined;
      if (!anchor.odd) return undefined;
      if (token.text === 'order' || token.text === 'group') return ordering(tokens) ? 'probe' : undefined;
      if (token.text === 'limit')
        return tokens.next().kind === 'number' && tokens.next().kind === 'comment' ? 'probe' : undefined;
      if (token.text === 'procedure') return tokens.next().text === 'analyse' ? 'function' : undefined;
      if (token.text === 'into') return ['outfile', 'dumpfile'].includes(tokens.next().text) ? 'file' : undefined;
      // A JSON text opens its strings with quotes as well; only these stand without a semicolon, and in no prose.
      return ['waitfor', 'exec', 'execute', 'shutdown', 'if', 'declare'].includes(token.text) &&
        statement(token, tokens)
        ? 'stacked'
        : undefined;
    default:
      return undefined;
  }
}

/**
 * What stands behind AND, OR and their like: two literals compared (a tautology), a function that nobody else calls, a subquery, or, inside a
 * string that was ended, any comparison. A list of quoted words with `or` between them has none of these.
 */
function condition(tokens: SqlTokens, anchor: Anchor, view: View): string | undefined {
  let left: Token | undefined;
  let token = tokens.next();
  for (let n = 0; n < MOST_TOKENS; n++, token = tokens.next()) {
    const { kind, text } = token;
    if (
      kind === 'open' ||
      (kind === 'word' && (text === 'not' || text === 'binary')) ||
      (kind === 'arithmetic' && left === undefined)
    ) {
      if (kind === 'open' && left?.kind === 'word')
        return FUNCTIONS.has(left.text) && (TELLING.has(left.text) || anchor.odd) ? 'function' : undefined;
      continue;
    }
    if (kind === 'word' && (text === 'select' || text === 'case'))
      return anchor.odd || selectsSomething(tokens) ? 'subquery' : undefined;
    if (kind === 'compare' && left !== undefined) return compared(left, token, tokens, anchor, view);
    if (kind === 'arithmetic' && left !== undefined && left.kind !== 'word') {
      // 1*1 = 1: arithmetic of literals is one operand.
      const next = tokens.next();
      if (next.kind === 'number' || next.kind === 'string') continue;
      return undefined;
    }
    if ((kind === 'end' || kind === 'comment' || kind === 'semicolon') && anchor.odd && left !== undefined) {
      const truth =
        left.kind === 'number' ||
        (left.kind === 'word' && (left.text === 'true' || left.text === 'false' || left.text === 'null'));
      if (truth && (kind === 'comment' || (anchor.quote && view.place !== 'body'))) return 'tautology';
      return undefined;
    }
    if (kind === 'close' && left !== undefined && left.kind === 'number') continue;
    if (left !== undefined || (kind !== 'number' && kind !== 'string' && kind !== 'word')) {
      // or 1 in (…) is a comparison, or 'a' b is none.
      if (kind === 'logic' && left?.kind === 'number') {
        left = undefined;
        continue;
      }
      return undefined;
    }
    left = token;
  }
  return undefined;
}

/** A comparison behind AND or OR. */
function compared(left: Token, operator: Token, tokens: SqlTokens, anchor: Anchor, view: View): string | undefined {
  let right = tokens.next();
  while (right.kind === 'arithmetic' || right.kind === 'open' || right.text === 'not' || right.text === 'binary') {
    const inside = right.kind === 'open';
    right = tokens.next();
    if (inside && right.text === 'select') return 'subquery';
  }
  if (right.kind === 'compare') right = tokens.next();
  const literals = isLiteral(left) && isLiteral(right);
  if (literals) {
    if (anchor.quote) return 'tautology';
    const rest = tokens.next();
    return isEndOfSql(rest) || (left.text === right.text && rest.kind === 'close') ? 'tautology' : undefined;
  }
  if (right.kind === 'word') {
    const behind = tokens.next();
    if (behind.kind === 'open' && FUNCTIONS.has(right.text))
      return anchor.odd || TELLING.has(right.text) ? 'function' : undefined;
    if (right.text === 'null' && operator.text === 'is' && anchor.odd && left.kind === 'word' && isEndOfSql(behind))
      return 'condition';
    if (!anchor.odd || view.place === 'body') return undefined;
    return left.text === right.text && /^[=<>!]/.test(operator.text) ? 'tautology' : undefined;
  }
  if (!anchor.odd || left.kind !== 'word' || !isLiteral(right)) return undefined;
  // name='x' and age=3 in a product's own filter language ends as it began; what was put into a string leaves one open, or cuts off the rest.
  const cut = right.open === true || followedByComment(tokens);
  return cut || (view.place !== 'body' && (operator.text === 'like' || right.kind === 'number'))
    ? 'condition'
    : undefined;
}

/** `x'='x`, `' like '%`: the value itself is compared. */
function comparison(operator: Token, tokens: SqlTokens, view: View): string | undefined {
  const right = tokens.next();
  if (right.kind !== 'string' && right.kind !== 'number') return undefined;
  const behind = tokens.next();
  // "is" stamp: a quoted word, and the closing quote of it opens nothing.
  if (right.open === true && isLetter(operator.text.charCodeAt(0)) && right.text.charCodeAt(1) <= 32) return undefined;
  if (right.kind === 'string' && right.open === true)
    return view.place !== 'body' && right.text.length < 24 && behind.kind === 'end' && right.text.length > 1
      ? 'tautology'
      : undefined;
  return behind.kind === 'comment' || (behind.kind === 'logic' && isLiteral(tokens.next())) ? 'tautology' : undefined;
}

/** The value as a whole: it was put where a number or a name stood, or it brings all that it needs. */
function bare(text: string, view: View): string | undefined {
  const tokens = new SqlTokens(text, 0);
  let token = tokens.next();
  const starts = token.kind === 'word' && STARTS.has(token.text);
  if (starts) return undefined;
  const anchor: Anchor = { quote: false, odd: false };
  if (token.kind === 'arithmetic' && (token.text === '-' || token.text === '+')) token = tokens.next();
  if (token.kind === 'number' || (token.kind === 'word' && ['null', 'true', 'false'].includes(token.text))) {
    const rule = afterNumber(new SqlTokens(text, token.end), view, token.kind === 'number');
    if (rule) return rule;
  } else if (token.kind === 'logic' || token.kind === 'close') {
    const rule = follow(new SqlTokens(text, 0), anchor, view);
    if (rule) return rule;
  } else if (token.kind === 'open' || token.kind === 'word') {
    if (called(new SqlTokens(text, 0), true)) return 'function';
    const behind = new SqlTokens(text, token.end);
    if (
      token.kind === 'word' &&
      behind.next().kind === 'comma' &&
      behind.next().kind === 'open' &&
      behind.next().text === 'select'
    )
      return 'subquery';
  }
  return anywhere(text, view);
}

function afterNumber(tokens: SqlTokens, view: View, number: boolean): string | undefined {
  let token = tokens.next();
  let closed = 0;
  for (; closed < 8 && token.kind === 'close'; closed++) token = tokens.next();
  if (token.kind === 'logic')
    return condition(
      tokens,
      { quote: false, odd: number && view.place !== 'body' && token.text !== 'where' && token.text !== 'when' },
      view,
    );
  if (token.kind === 'semicolon') return statement(tokens.next(), tokens) ? 'stacked' : undefined;
  if (token.kind === 'arithmetic' || token.kind === 'comma') return called(tokens) ? 'function' : undefined;
  if (token.kind === 'comment') return closed > 0 && isLast(tokens, token) ? 'comment' : undefined;
  if (token.kind !== 'word') return undefined;
  if (token.text === 'union') return selects(tokens) ? 'union' : undefined;
  if (token.text === 'order' || token.text === 'group') {
    if (tokens.next().text !== 'by' || tokens.next().kind !== 'number') return undefined;
    const rest = tokens.next();
    return rest.kind === 'comment' || (rest.kind === 'end' && view.place !== 'body') ? 'probe' : undefined;
  }
  if (token.text === 'procedure') return tokens.next().text === 'analyse' ? 'function' : undefined;
  if (token.text === 'waitfor' || token.text === 'exec') return statement(token, tokens) ? 'stacked' : undefined;
  return undefined;
}

/** What gives itself away wherever it stands: UNION SELECT, OR 1=1 to the end, a second statement that destroys, a name of the catalog in a subquery. */
function anywhere(text: string, view: View): string | undefined {
  for (let at = text.indexOf('union'), n = 0; at !== -1 && n < 16; at = text.indexOf('union', at + 5), n++) {
    if (isWord(text.charCodeAt(at - 1)) || isWord(text.charCodeAt(at + 5))) continue;
    const tokens = new SqlTokens(text, at + 5);
    if (selects(tokens) && selectsSomething(tokens)) return 'union';
  }
  for (const word of ['or', 'and', '||', '&&', 'xor', 'having'])
    for (let at = text.indexOf(word), n = 0; at !== -1 && n < 32; at = text.indexOf(word, at + word.length), n++) {
      if (word.charCodeAt(0) > 0x60 && (isWord(text.charCodeAt(at - 1)) || isWord(text.charCodeAt(at + word.length))))
        continue;
      const rule = plainTautology(new SqlTokens(text, at + word.length));
      if (rule) return rule;
    }
  for (let at = text.indexOf(';'), n = 0; at !== -1 && n < 16; at = text.indexOf(';', at + 1), n++) {
    const tokens = new SqlTokens(text, at + 1);
    const first = tokens.next();
    if (first.kind === 'word' && view.place !== 'body' && statement(first, tokens) && isShort(text, at))
      return 'stacked';
  }
  return undefined;
}

/** A statement behind a semicolon is put behind a value; behind another statement it is a script that somebody wrote. */
const isShort = (text: string, at: number): boolean =>
  at < 64 && !/^\s*(?:select|insert|update|delete|create|drop|alter|begin|set|use)\s/.test(text);

function plainTautology(tokens: SqlTokens): string | undefined {
  let left = tokens.next();
  if (left.kind === 'open') left = tokens.next();
  if (left.kind === 'word' && left.text === 'not') left = tokens.next();
  if (left.kind === 'word' && TELLING.has(left.text))
    return tokens.next().kind === 'open' && isCall(tokens) ? 'function' : undefined;
  if (left.kind === 'word' && FUNCTIONS.has(left.text)) return endsInComment(tokens) ? 'function' : undefined;
  const operator = tokens.next();
  if (left.kind === 'word') {
    const same = operator.text === '=' && tokens.next().text === left.text;
    return same && isEndOfSql(tokens.next()) ? 'tautology' : undefined;
  }
  if (!isLiteral(left)) return undefined;
  if (operator.kind === 'comment') return isCutOff(tokens) ? 'tautology' : undefined;
  if (operator.kind !== 'compare' || !/^(?:[=<>!]|like|rlike|regexp)/.test(operator.text)) return undefined;
  const right = tokens.next();
  if (!isLiteral(right) || left.kind !== right.kind) return undefined;
  const rest = tokens.next();
  return isEndOfSql(rest) || rest.kind === 'close' || (rest.text === '+' && isLiteral(tokens.next()))
    ? 'tautology'
    : undefined;
}

const isLetter = (code: number): boolean => code >= 0x61 && code <= 0x7a;
