export type TokenKind =
  | 'word'
  | 'number'
  | 'string'
  | 'logic'
  | 'compare'
  | 'arithmetic'
  | 'open'
  | 'close'
  | 'comma'
  | 'semicolon'
  | 'comment'
  | 'other'
  | 'end';
export type Token = { kind: TokenKind; text: string; at: number; end: number; open?: boolean };

const LOGIC = new Set(['and', 'or', 'xor', 'div', 'having', 'where', 'when']);
const COMPARE = new Set([
  'like',
  'rlike',
  'regexp',
  'between',
  'is',
  'in',
  'sounds',
  'glob',
  'ilike',
  'similar',
  'match',
]);
/** No token that matters is longer; so many anchors of so many tokens stay linear. */
const MOST = 200;

/** Reads SQL as a database would, from any place of a text: comments are blanks, `/*!…` is what it holds. */
export class SqlTokens {
  readonly #text: string;
  at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  next(): Token {
    const text = this.#text;
    this.#skip();
    const at = this.at;
    if (at >= text.length) return { kind: 'end', text: '', at, end: at };
    const code = text.charCodeAt(at);
    const two = text.charCodeAt(at + 1);
    if (isWord(code)) return this.#word(at);
    if (isDigit(code) || (code === 0x2e && isDigit(two))) return this.#number(at);
    switch (code) {
      case 0x27:
      case 0x22:
        return this.#string(at, code);
      case 0x60: {
        const end = closing(text, at + 1, 0x60);
        return this.#token('word', at, end);
      }
      case 0x28:
        return this.#token('open', at, at + 1);
      case 0x29:
        return this.#token('close', at, at + 1);
      case 0x2c:
        return this.#token('comma', at, at + 1);
      case 0x3b:
        return this.#token('semicolon', at, at + 1);
      case 0x23:
        return this.#token('comment', at, at + 1);
      case 0x2d:
        return two === 0x2d ? this.#token('comment', at, at + 2) : this.#token('arithmetic', at, at + 1);
      case 0x2f:
        // What is left of a comment that nobody closes.
        return two === 0x2a ? this.#token('comment', at, at + 2) : this.#token('arithmetic', at, at + 1);
      case 0x7c:
        return two === 0x7c ? this.#token('logic', at, at + 2) : this.#token('arithmetic', at, at + 1);
      case 0x26:
        return two === 0x26 ? this.#token('logic', at, at + 2) : this.#token('arithmetic', at, at + 1);
      case 0x3d:
      case 0x3c:
      case 0x3e:
      case 0x21: {
        let end = at + 1;
        while (end - at < 3 && '=<>'.includes(text[end] ?? ' ')) end++;
        return this.#token(code === 0x21 && end === at + 1 ? 'arithmetic' : 'compare', at, end);
      }
      case 0x2b:
      case 0x2a:
      case 0x5e:
      case 0x25:
      case 0x7e:
        return this.#token('arithmetic', at, at + 1);
      default:
        return this.#token('other', at, at + 1);
    }
  }

  #token(kind: TokenKind, at: number, end: number): Token {
    this.at = end;
    return { kind, text: this.#text.slice(at, end), at, end };
  }

  #word(at: number): Token {
    const text = this.#text;
    let end = at + 1;
    while (
      end - at < MOST &&
      (isWord(text.charCodeAt(end)) || isDigit(text.charCodeAt(end)) || text[end] === '.' || text[end] === '$')
    )
      end++;
    const quote = text.charCodeAt(end);
    // n'text', x'41': a string with a letter in front.
    if (end === at + 1 && (quote === 0x27 || quote === 0x22) && 'nxbe'.includes(text[at] as string))
      return this.#string(end, quote);
    const word = text.slice(at, end);
    return this.#token(LOGIC.has(word) ? 'logic' : COMPARE.has(word) ? 'compare' : 'word', at, end);
  }

  #number(at: number): Token {
    const text = this.#text;
    let end = at + 1;
    // 0x41, 1e5; `1or` is a number and a word to MySQL.
    if (text[at] === '0' && text[at + 1] === 'x') {
      end = at + 2;
      while (end - at < MOST && isHex(text.charCodeAt(end))) end++;
    } else {
      while (end - at < MOST && (isDigit(text.charCodeAt(end)) || text[end] === '.')) end++;
      if (text[end] === 'e' && isDigit(text.charCodeAt(end + 1)))
        while (end - at < MOST && (end === at || isDigit(text.charCodeAt(end + 1)))) end++;
    }
    return this.#token('number', at, end);
  }

  #string(at: number, quote: number): Token {
    const end = closing(this.#text, at + 1, quote);
    const token = this.#token('string', at, end);
    return end > at + 1 && this.#text.charCodeAt(end - 1) === quote ? token : { ...token, open: true };
  }

  /** Blanks, and comments that are closed. */
  #skip(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code <= 32 || code === 0xa0) {
        this.at++;
        continue;
      }
      if (code === 0x2f && text.charCodeAt(this.at + 1) === 0x2a) {
        if (text[this.at + 2] === '!') {
          this.at += 3;
          for (let n = 0; n < 6 && isDigit(text.charCodeAt(this.at)); n++) this.at++;
          continue;
        }
        const end = within(text, '*/', this.at + 2);
        if (end === -1) return;
        this.at = end + 2;
        continue;
      }
      if (code === 0x2a && text.charCodeAt(this.at + 1) === 0x2f) {
        this.at += 2;
        continue;
      }
      // A line comment that another line follows is a blank as well.
      if (code === 0x23 || (code === 0x2d && text.charCodeAt(this.at + 1) === 0x2d)) {
        const end = within(text, '\n', this.at + 1);
        if (end === -1) return;
        this.at = end + 1;
        continue;
      }
      return;
    }
  }
}

function within(text: string, what: string, from: number): number {
  const at = text.slice(from, from + MOST).indexOf(what);
  return at === -1 ? -1 : from + at;
}

/** Behind the closing quote; a doubled or escaped one closes nothing. The end of what is looked at, when none closes. */
function closing(text: string, from: number, quote: number): number {
  const most = Math.min(text.length, from + MOST);
  for (let i = from; i < most; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === quote) {
      if (text.charCodeAt(i + 1) !== quote) return i + 1;
      i++;
    }
  }
  return most;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isHex = (code: number): boolean => isDigit(code) || (code >= 0x61 && code <= 0x66);
export const isWord = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || code === 0x5f || code === 0x40;
