/** A text in the two forms that matter: as a framework hands it over, and with every further layer taken off. */
export type Decoded = {
  once: string;
  /** The same text as `once` when there was nothing more to take off. */
  full: string;
  /** Layers beyond the one that a URL has by itself. */
  layers: number;
  /** Bytes that spell an ASCII character in a longer way than UTF-8 allows: no honest encoder writes them. */
  overlong: boolean;
  /** A dot or a letter written as %2e or %61: nobody has to, so somebody wanted to. */
  needless: boolean;
};

const MAX_LAYERS = 5;
type Notes = { overlong: boolean; needless: boolean };

/** Takes off percent-encoding, `+`, HTML entities, `\u` and `\x` escapes, overlong UTF-8 and full-width letters, again and again up to five times. */
export function decode(text: string, how: { plus?: boolean; percent?: boolean } = {}): Decoded {
  const notes: Notes = { overlong: false, needless: false };
  const spaced = how.plus && text.includes('+') ? text.replaceAll('+', ' ') : text;
  const once = how.percent === false ? spaced : percent(spaced, notes);
  let full = peel(once, notes, false);
  let layers = full === once ? 0 : 1;
  for (; layers > 0 && layers < MAX_LAYERS; layers++) {
    const next = peel(full, notes, true);
    if (next === full) break;
    full = next;
  }
  return { once, full: narrow(full), layers, ...notes };
}

function peel(text: string, notes: Notes, again: boolean): string {
  const bare = again || text.includes('%') ? percent(text, notes) : text;
  return escapes(entities(bare));
}

/** `%27`, `%u0027` and bytes of UTF-8, overlong ones too. What is no encoding stays as it is. */
function percent(text: string, notes: Notes): string {
  let at = text.indexOf('%');
  if (at === -1) return text;
  let out = '';
  let from = 0;
  while (at !== -1) {
    const wide = (text.charCodeAt(at + 1) | 32) === 0x75 ? hex(text, at + 2, 4) : -1;
    if (wide >= 0) {
      out += text.slice(from, at) + String.fromCharCode(wide);
      from = at + 6;
    } else {
      const [piece, end] = bytes(text, at, notes);
      if (end > at) {
        out += text.slice(from, at) + piece;
        from = end;
      }
    }
    at = text.indexOf('%', Math.max(from, at + 1));
  }
  return out + text.slice(from);
}

/** One character from `%XX` bytes that begin at `at`, and where it ends; the end is `at` when there is none. */
function bytes(text: string, at: number, notes: Notes): [piece: string, end: number] {
  const first = hex(text, at + 1, 2);
  if (first < 0) return ['', at];
  if (first < 0x80) {
    if (first === 0x2e || (first > 0x60 && first < 0x7b) || (first > 0x40 && first < 0x5b)) notes.needless = true;
    return [String.fromCharCode(first), at + 3];
  }
  const length = first >= 0xfc ? 6 : first >= 0xf8 ? 5 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  if (length === 1) return [String.fromCharCode(first), at + 3];
  let code = first & (0xff >> (length + 1));
  for (let n = 1; n < length; n++) {
    const place = at + n * 3;
    const next = text.charCodeAt(place) === 0x25 ? hex(text, place + 1, 2) : -1;
    // %c0%2f is no UTF-8 either, and was read as a slash all the same.
    if (next < 0 || (next >> 6 !== 2 && first > 0xc1)) return [String.fromCharCode(first), at + 3];
    code = (code << 6) | (next & 0x3f);
  }
  if (code < 0x80) notes.overlong = true;
  return [code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd', at + length * 3];
}

/** The value of `count` hex digits at `at`; -1 when they are none. */
function hex(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const code = text.charCodeAt(i);
    const digit =
      code >= 0x30 && code <= 0x39 ? code - 0x30 : (code | 32) >= 0x61 && (code | 32) <= 0x66 ? (code | 32) - 0x57 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  bsol: '\\',
  colon: ':',
  dollar: '$',
  equals: '=',
  excl: '!',
  grave: '`',
  gt: '>',
  lbrace: '{',
  lcub: '{',
  lpar: '(',
  lt: '<',
  newline: '\n',
  num: '#',
  period: '.',
  quot: '"',
  rbrace: '}',
  rcub: '}',
  rpar: ')',
  semi: ';',
  sol: '/',
  tab: '\t',
};

/** `&lt;`, `&#60;`, `&#x3c`: browsers want no semicolon behind a number. */
function entities(text: string): string {
  let at = text.indexOf('&');
  if (at === -1) return text;
  let out = '';
  let from = 0;
  for (; at !== -1; at = text.indexOf('&', at + 1)) {
    let end = at + 1;
    let piece: string | undefined;
    if (text[end] === '#') {
      const isHex = (text.charCodeAt(end + 1) | 32) === 0x78;
      end += isHex ? 2 : 1;
      const begin = end;
      while (end - begin < 10 && hex(text, end, 1) >= 0 && (isHex || hex(text, end, 1) < 10)) end++;
      const code = end > begin ? Number.parseInt(text.slice(begin, end), isHex ? 16 : 10) : Number.NaN;
      if (code <= 0x10ffff) piece = String.fromCodePoint(code);
      if (text[end] === ';') end++;
    } else {
      while (end - at < 9 && isLetter(text.charCodeAt(end))) end++;
      if (text[end] === ';') piece = NAMED[text.slice(at + 1, end).toLowerCase()];
      end++;
    }
    if (piece === undefined) continue;
    out += text.slice(from, at) + piece;
    from = end;
    at = end - 1;
  }
  return out + text.slice(from);
}

/** `\u003c`, `\u{3c}` and `\x3c`. */
function escapes(text: string): string {
  let at = text.indexOf('\\');
  if (at === -1) return text;
  let out = '';
  let from = 0;
  for (; at !== -1; at = text.indexOf('\\', at + 1)) {
    const kind = text.charCodeAt(at + 1) | 32;
    let code = -1;
    let end = at;
    if (kind === 0x78) [code, end] = [hex(text, at + 2, 2), at + 4];
    else if (kind === 0x75 && text[at + 2] === '{') {
      const close = text.indexOf('}', at + 3);
      const digits = close - at - 3;
      if (close !== -1 && digits > 0 && digits < 7) [code, end] = [hex(text, at + 3, digits), close + 1];
    } else if (kind === 0x75) [code, end] = [hex(text, at + 2, 4), at + 6];
    if (code < 0 || code > 0x10ffff) continue;
    out += text.slice(from, at) + String.fromCodePoint(code);
    from = end;
    at = end - 1;
  }
  return out + text.slice(from);
}

const isLetter = (code: number): boolean => (code | 32) >= 0x61 && (code | 32) <= 0x7a;

/** Full-width letters and the look-alikes that databases and file systems turn into ASCII. */
function narrow(text: string): string {
  let out = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x2b9) continue;
    const plain =
      code >= 0xff01 && code <= 0xff5e
        ? code - 0xfee0
        : code === 0x2b9 || code === 0x2bc
          ? 0x27
          : code === 0x2215 || code === 0x2044
            ? 0x2f
            : code === 0x2216
              ? 0x5c
              : code === 0x2024
                ? 0x2e
                : -1;
    if (plain < 0) continue;
    out += text.slice(from, i) + String.fromCharCode(plain);
    from = i + 1;
  }
  return from === 0 ? text : out + text.slice(from);
}
