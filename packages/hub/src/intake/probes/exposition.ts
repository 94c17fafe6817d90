import type { IncomingSample } from '../facts.ts';
import { isReserved } from '../json.ts';

export type Exposition = {
  samples: IncomingSample[];
  /** Values that were not taken: `bad_line`, `non_finite`, `too_many`. */
  refused: Record<string, number>;
  /** Lines that hold a series, taken or not. */
  series: number;
};
export type ExpositionWish = { wanted(name: string): boolean; maxSeries: number };

type Series = { name: string; tags: Record<string, string> | undefined; value: number };

const [QUOTE, BACKSLASH, HASH, BRACE] = [0x22, 0x5c, 0x23, 0x7b];
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
/** A label up to its opening quote. */
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"/y;
const BETWEEN_LABELS = /[ \t]*([,}])/y;
/** The value; behind it a time, which is ignored (the time of arrival counts), and an exemplar, which is too. */
const VALUE = /[ \t]*([^ \t]+)(?:[ \t]+-?\d[0-9.e+]*)?[ \t]*(?:#[ \t].*)?$/y;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const NOT_FINITE = /^(?:nan|[+-]?inf(?:inity)?)$/i;
const UNIT = /^# UNIT ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S{1,32})$/;

/**
 * Reads a page of Prometheus text (0.0.4) or OpenMetrics in one pass. Each line is a series of its own, those of histograms and summaries
 * too. A line that cannot be read is counted and the rest kept. Own code: the parsers on npm build the whole tree, and stop at one bad line.
 */
export function readExposition(page: string, wish: ExpositionWish): Exposition {
  const reading: Exposition = { samples: [], refused: {}, series: 0 };
  const refuse = (reason: string) => {
    reading.refused[reason] = (reading.refused[reason] ?? 0) + 1;
  };
  const wanted = new Map<string, boolean>();
  const units = new Map<string, string>();
  for (let start = 0; start < page.length; ) {
    const newline = page.indexOf('\n', start);
    const end = newline === -1 ? page.length : newline;
    const line = page.slice(start, page.charCodeAt(end - 1) === 0x0d ? end - 1 : end);
    start = end + 1;
    if (line.charCodeAt(0) === HASH) {
      if (line === '# EOF') break;
      const [, family, unit] = UNIT.exec(line) ?? [];
      if (family !== undefined && unit !== undefined) units.set(family, unit);
      continue;
    }
    NAME.lastIndex = 0;
    const name = NAME.exec(line)?.[0];
    if (name === undefined) {
      if (line.trim() !== '') refuse('bad_line');
      continue;
    }
    const wants = wanted.get(name) ?? wish.wanted(name);
    wanted.set(name, wants);
    if (wants && reading.samples.length >= wish.maxSeries) {
      reading.series += 1;
      refuse('too_many');
      continue;
    }
    const series = readLine(line, name);
    if (!series) {
      refuse('bad_line');
      continue;
    }
    reading.series += 1;
    if (!wants) continue;
    if (Number.isNaN(series.value)) refuse('non_finite');
    else reading.samples.push(toSample(series, units));
  }
  return reading;
}

/** One line behind its name; NaN stands for what is no finite number. Undefined when it is no such line. */
function readLine(line: string, name: string): Series | undefined {
  let at = name.length;
  let tags: Record<string, string> | undefined;
  while (line[at] === ' ' || line[at] === '\t') at += 1;
  if (line.charCodeAt(at) === BRACE) {
    const labels = readLabels(line, at + 1);
    if (!labels) return undefined;
    at = labels.end;
    tags = labels.tags;
  } else if (at === name.length) return undefined;
  VALUE.lastIndex = at;
  const word = VALUE.exec(line)?.[1];
  if (word === undefined) return undefined;
  if (NUMBER.test(word)) {
    const value = Number(word);
    return { name, tags, value: Number.isFinite(value) ? value : Number.NaN };
  }
  return NOT_FINITE.test(word) ? { name, tags, value: Number.NaN } : undefined;
}

function readLabels(line: string, from: number): { tags: Record<string, string>; end: number } | undefined {
  const tags: Record<string, string> = {};
  let at = from;
  for (;;) {
    LABEL.lastIndex = at;
    const label = LABEL.exec(line)?.[1];
    // No label is right in `{}` and behind a last comma.
    const text = label === undefined ? undefined : readText(line, LABEL.lastIndex);
    if (label !== undefined) {
      if (!text || isReserved(label) || Object.hasOwn(tags, label)) return undefined;
      // An empty label is the same as none.
      if (text.value !== '') tags[label] = text.value;
      at = text.end;
    }
    BETWEEN_LABELS.lastIndex = at;
    const separator = BETWEEN_LABELS.exec(line)?.[1];
    if (separator === undefined || (separator === ',' && label === undefined)) return undefined;
    at = BETWEEN_LABELS.lastIndex;
    if (separator === '}') return { tags, end: at };
  }
}

/** Quoted text from behind its first quote to behind its last. */
function readText(line: string, from: number): { value: string; end: number } | undefined {
  let escaped = false;
  for (let at = from; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === QUOTE) {
      const raw = line.slice(from, at);
      return { value: escaped ? unescaped(raw) : raw, end: at + 1 };
    }
    if (code === BACKSLASH) {
      escaped = true;
      at += 1;
    }
  }
  return undefined;
}

const unescaped = (raw: string): string =>
  raw.replace(/\\(.)/g, (both, char: string) => (char === 'n' ? '\n' : char === '"' || char === '\\' ? char : both));

/** A unit is that of the value itself and of its sum; of a count and of a bucket it is not. */
function toSample({ name, tags, value }: Series, units: ReadonlyMap<string, string>): IncomingSample {
  const unit = units.size === 0 ? undefined : (units.get(name) ?? units.get(name.replace(/_(?:total|sum)$/, '')));
  return {
    key: name,
    value,
    ...(tags && Object.keys(tags).length > 0 ? { tags } : {}),
    ...(unit === undefined ? {} : { unit }),
  };
}

/** A test for names by patterns in which `*` is any run of characters. */
export function nameFilter(globs: readonly string[] | undefined): (name: string) => boolean {
  if (!globs) return () => true;
  const plain = new Set(globs.filter((glob) => !glob.includes('*')));
  const patterns = globs.filter((glob) => glob.includes('*')).map((glob) => glob.split('*'));
  return (name) => plain.has(name) || patterns.some((parts) => matches(name, parts));
}

/** Leftmost match of each part in turn: linear, whatever the pattern. */
function matches(name: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
