import { decode } from './decode.ts';
import type { Place } from './families/family.ts';
import { FAMILIES, type InspectedFamily } from './families/index.ts';
import { MARK, marksOf } from './marks.ts';

/** What of a request is looked at. Nothing of it is kept. */
export type Inspected = {
  /** The request target as it came, not normalised: `/a/../b?q=%27`. */
  target: string;
  header?: (name: string) => string | undefined;
  /** A parsed body, or its text, where somebody else has read it already. */
  body?: unknown;
};

/** `place` names the part: `query q`, `path`, `header user-agent`, `body name`. Never a value. */
export type Sign = { family: InspectedFamily; rule: string; place: string };

/** So much of one value and of one request is looked at: the beginning and the end of what is longer. */
const MAX_VALUE = 4096;
const MAX_REQUEST = 16_384;
const MAX_VALUES = 100;
const MAX_DEPTH = 6;
const MAX_FIELD = 200;
const HEADERS = [
  'user-agent',
  'referer',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-api-version',
  'origin',
  'accept-language',
] as const;
const KEY = /^[a-z][a-z_-]{0,23}$/i;
const ENTRIES = Object.entries(FAMILIES) as [InspectedFamily, (typeof FAMILIES)[InspectedFamily]][];
const ALL = ENTRIES.reduce((marks, [, { needs }]) => marks | needs, 0);

/** Looks through a request for attacks: at most one sign for each family. Pure, linear, and bounded whatever is sent. */
export function inspect(request: Inspected): Sign[] {
  const look = new Look();
  const { target } = request;
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  look.value(path, 'path', 'path', {});
  if (mark !== -1) look.query(target.slice(mark + 1), 'query');
  if (request.header) {
    for (const name of HEADERS) {
      const value = request.header(name);
      if (value === undefined) continue;
      if (name === 'referer') look.referer(value);
      else if (!isUsual(name, value) && look.value(value, 'header', `header ${name}`, {})) remember(name, value);
    }
    const cookie = request.header('cookie');
    if (cookie) look.cookies(cookie);
  }
  if (request.body !== undefined) look.body(request.body, '', 0);
  return look.signs;
}

/** Browsers send the same few texts with every request: those found innocent are not looked at again. What may be a secret has no place here. */
const USUAL: ReadonlySet<string> = new Set(['user-agent', 'accept-language', 'origin']);
const MOST_USUAL = 256;
const usual = new Map<string, Set<string>>([...USUAL].map((name) => [name, new Set()]));

const isUsual = (name: string, value: string): boolean => usual.get(name)?.has(value) === true;

function remember(name: string, value: string): void {
  const known = usual.get(name);
  if (!known || value.length > 400) return;
  if (known.size >= MOST_USUAL) known.clear();
  known.add(value);
}

class Look {
  readonly signs: Sign[] = [];
  #left = MAX_REQUEST;
  #values = MAX_VALUES;

  /** Looks at one value; true when all of it was looked at and is innocent. */
  value(raw: string, place: Place, name: string, how: { plus?: boolean; percent?: boolean }): boolean {
    if (raw.length < 3) return true;
    if (this.#values-- <= 0 || this.#left <= 0) return false;
    const room = Math.min(MAX_VALUE, this.#left);
    const whole = raw.length <= room;
    const text = whole ? raw : `${raw.slice(0, room / 2)} ${raw.slice(raw.length - room / 2)}`;
    const marks = marksOf(text);
    this.#left -= text.length;
    const isEncoded = (marks & MARK.encoded) !== 0;
    if ((marks & ALL) === 0 && !isEncoded) return whole;
    const mayBeJson = place === 'query' || place === 'body';
    const plain = mayBeJson ? jsonIn(text) : undefined;
    if (plain !== undefined) {
      this.#leaves(plain, place, name, 0);
      return false;
    }
    if (!isEncoded && (how.plus !== true || !text.includes('+')))
      return !this.#ask(text.toLowerCase(), marks, place, name, 0, false, false) && whole;
    const { once, full, layers, overlong, needless } = decode(text, how);
    const parsed = mayBeJson ? jsonIn(once) : undefined;
    if (parsed !== undefined) {
      this.#leaves(parsed, place, name, 0);
      return false;
    }
    // The bottom of it first: what an encoding is written with looks like something as well.
    if (full !== once && this.#ask(full.toLowerCase(), marksOf(full), place, name, layers, overlong, needless))
      return false;
    return !this.#ask(once.toLowerCase(), marksOf(once), place, name, 0, overlong, needless) && whole;
  }

  #ask(
    text: string,
    marks: number,
    place: Place,
    name: string,
    layers: number,
    overlong: boolean,
    needless: boolean,
  ): boolean {
    for (const [family, { needs, look }] of ENTRIES) {
      if ((marks & needs) === 0) continue;
      const rule = look({ text, place, layers, overlong, needless });
      if (rule === undefined) continue;
      if (!this.signs.some((sign) => sign.family === family)) this.signs.push({ family, rule, place: name });
      // One value, one attack: what opens a string for SQL would open one for a script as well.
      return true;
    }
    return false;
  }

  /** A text of JSON is its strings: the quotes around them open nothing. */
  #leaves(value: unknown, place: Place, name: string, depth: number): void {
    if (depth > MAX_DEPTH) return;
    if (typeof value === 'string') this.value(value, place, name, { percent: false });
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value).slice(0, MAX_VALUES)) {
        this.value(key, place, name, { percent: false });
        this.#leaves(inner, place, name, depth + 1);
      }
  }

  query(query: string, place: Place): void {
    for (let from = 0; from <= query.length && this.#values > 0; ) {
      let end = query.indexOf('&', from);
      if (end === -1) end = query.length;
      const pair = query.slice(from, end);
      from = end + 1;
      const equals = pair.indexOf('=');
      const key = equals === -1 ? '' : pair.slice(0, equals);
      const label = KEY.test(key) ? key : '*';
      if (label === '*' && key !== '') this.value(key, place, `${place} *`, { plus: true });
      this.value(equals === -1 ? pair : pair.slice(equals + 1), place, `${place} ${label}`, { plus: true });
    }
  }

  /** Where somebody came from is an address like any other; its path is not ours. */
  referer(value: string): void {
    const mark = value.indexOf('?');
    if (mark === -1) this.value(value, 'header', 'header referer', {});
    else this.query(value.slice(mark + 1), 'header');
  }

  cookies(cookie: string): void {
    for (const pair of cookie.split(';', 50)) {
      const equals = pair.indexOf('=');
      const value = equals === -1 ? pair : pair.slice(equals + 1);
      this.value(pair.slice(0, Math.max(0, equals)).trim(), 'cookie', 'cookie', {});
      // JSON in a cookie is a value of many products, and begins with a quote.
      this.value(value.trim(), 'cookie', 'cookie', {});
    }
  }

  body(value: unknown, name: string, depth: number): void {
    if (this.#values <= 0 || this.#left <= 0 || depth > MAX_DEPTH) return;
    if (typeof value === 'string') {
      // A short value is a field like one of a query; what is longer is prose, of which less can be said.
      const place = value.length <= MAX_FIELD && !value.includes('\n') ? 'query' : 'body';
      this.value(value, place, name === '' ? 'body' : `body ${name}`, { percent: false });
    } else if (Array.isArray(value)) for (const item of value.slice(0, MAX_VALUES)) this.body(item, name, depth + 1);
    else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
      for (const key of Object.keys(value).slice(0, MAX_VALUES)) {
        const label = KEY.test(key) ? key : '*';
        if (label === '*') this.value(key, 'body', 'body *', { percent: false });
        this.body((value as Record<string, unknown>)[key], label, depth + 1);
      }
  }
}

/** The object or list that a text is; undefined for any other text. */
function jsonIn(text: string): object | undefined {
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  if (!(first === 0x7b && last === 0x7d) && !(first === 0x5b && last === 0x5d)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
