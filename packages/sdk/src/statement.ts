const MAX_READ = 16_384;
const MAX_WRITTEN = 500;

export type StatementOptions = {
  /** What "…" means: an identifier (standard SQL, the default) or a string (MySQL without ANSI_QUOTES). A string is a literal and never kept. */
  doubleQuoted?: 'identifier' | 'string';
};

/** The shape of a statement: literals and bind markers become `?`, lists of them one `?`, comments go, blanks collapse, at most 500 characters. */
export function normaliseStatement(statement: string, options: StatementOptions = {}): string {
  const text = statement.length > MAX_READ ? statement.slice(0, MAX_READ) : statement;
  const mysql = options.doubleQuoted === 'string';
  const out: string[] = [];
  let at = 0;
  let gap = false;
  const put = (token: string) => {
    if (gap && out.length > 0) out.push(' ');
    gap = false;
    out.push(token);
  };
  while (at < text.length) {
    const char = text[at] as string;
    const next = text[at + 1];
    if (isBlank(char)) {
      gap = true;
      at++;
    } else if ((char === '-' && next === '-') || (mysql && char === '#')) {
      at = lineEnd(text, at);
      gap = true;
    } else if (char === '/' && next === '*') {
      at = commentEnd(text, at);
      gap = true;
    } else if (char === "'" || (mysql && char === '"')) {
      at = quoteEnd(text, at, char, mysql);
      put('?');
    } else if (char === '"' || char === '`') {
      const end = quoteEnd(text, at, char, false);
      put(text.slice(at, end));
      at = end;
    } else if (char === '$') {
      const dollar = dollarEnd(text, at);
      put(dollar.literal ? '?' : '$');
      at = dollar.end;
    } else if (isDigit(char) || (char === '.' && isDigit(next))) {
      at = numberEnd(text, at);
      put('?');
    } else if (isWordStart(char)) {
      const end = wordEnd(text, at);
      const word = text.slice(at, end);
      const quoted = text[end] === "'" && /^(?:[ebxn]|_\w+)$/i.test(word);
      const unicode = /^u$/i.test(word) && text[end] === '&' && text[end + 1] === "'";
      if (quoted || unicode) {
        at = quoteEnd(text, unicode ? end + 1 : end, "'", mysql || /^e$/i.test(word));
        put('?');
      } else {
        put(word);
        at = end;
      }
    } else if (char === ':' && next === ':') {
      put('::');
      at += 2;
    } else if ((char === ':' || char === '@') && isWordStart(next) && text[at - 1] !== ':' && text[at - 1] !== '@') {
      at = wordEnd(text, at + 1);
      put('?');
    } else {
      put(char);
      at++;
    }
  }
  return shorten(collapse(out.join('')));
}

const isBlank = (char: string) => char === ' ' || char === '\n' || char === '\t' || char === '\r' || char === '\f';
const isDigit = (char: string | undefined) => char !== undefined && char >= '0' && char <= '9';
const isWordStart = (char: string | undefined) => char !== undefined && /[\p{L}_]/u.test(char);
const isWordPart = (char: string | undefined) => char !== undefined && /[\p{L}\p{N}_$]/u.test(char);

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function commentEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '/' && text[at + 1] === '*') {
      depth++;
      at++;
    } else if (text[at] === '*' && text[at + 1] === '/') {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** The place after the closing quote; a doubled quote stays inside. What is never closed ends with the text. */
function quoteEnd(text: string, from: number, quote: string, backslash: boolean): number {
  for (let at = from + 1; at < text.length; at++) {
    if (backslash && text[at] === '\\') at++;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return text.length;
}

/** `$1` and `$tag$…$tag$` are literals here; a lone dollar is not. */
function dollarEnd(text: string, from: number): { literal: boolean; end: number } {
  let at = from + 1;
  if (isDigit(text[at])) {
    while (isDigit(text[at])) at++;
    return { literal: true, end: at };
  }
  while (isWordPart(text[at]) && text[at] !== '$') at++;
  if (text[at] !== '$') return { literal: false, end: from + 1 };
  const tag = text.slice(from, at + 1);
  const close = text.indexOf(tag, at + 1);
  return { literal: true, end: close === -1 ? text.length : close + tag.length };
}

function numberEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const char = text[at] as string;
    const exponentSign =
      (char === '+' || char === '-') && /[eE]/.test(text[at - 1] ?? '') && !/^0x/i.test(text.slice(from, from + 2));
    if (!exponentSign && !/[0-9a-zA-Z_.]/.test(char)) break;
    at++;
  }
  return at;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (isWordPart(text[at])) at++;
  return at;
}

/** Lists of literals and repeated rows are one shape, however long they are. */
function collapse(text: string): string {
  return text
    .replace(
      /([([]) ?\?(?: ?, ?\?)+(?: ?,)? ?([)\]]|$)/g,
      (_all, open: string, close: string) => `${open}?${close || (open === '(' ? ')' : ']')}`,
    )
    .replace(/(\bVALUES ?\((?:[^()]|\([^()]*\))*\))(?: ?, ?\((?:[^()]|\([^()]*\))*\))+/gi, '$1')
    .trim();
}

const shorten = (text: string) => (text.length > MAX_WRITTEN ? `${text.slice(0, MAX_WRITTEN - 1)}…` : text);
