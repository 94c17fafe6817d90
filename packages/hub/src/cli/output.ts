import { stripVTControlCharacters, styleText } from 'node:util';
import { printable, type Terminal } from './terminal.ts';

type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;
export type Output = {
  json: boolean;
  paint: Paint;
  /** One JSON document on stdout (`--json`), or what a person reads. */
  answer(data: unknown, human: () => string): void;
  line(text?: string): void;
  /** What is going on, for a person who waits; never on stdout. */
  progress(text: string): void;
};

/** Colour only for a person at a terminal who has not said NO_COLOR. */
export const painter = (stream: NodeJS.WriteStream, env: Terminal['env']): Paint =>
  stream.isTTY && !env.NO_COLOR && env.TERM !== 'dumb'
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text;

export function createOutput({ stdout, stderr, env }: Terminal, options: { json?: boolean | undefined }): Output {
  const json = options.json === true;
  const line = (text = '') => void stdout.write(`${text}\n`);
  return {
    json,
    paint: painter(stdout, env),
    line,
    answer: (data, human) => line(json ? JSON.stringify(data, null, 2) : human()),
    progress: (text) => {
      if (!json) stderr.write(`${text}\n`);
    },
  };
}

/** Aligned columns; the last one takes what it needs. Colours do not disturb the widths. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string {
  const width = (text: string) => [...stripVTControlCharacters(text)].length;
  const widths = head.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd();
  return [line(head.map((title) => paint('dim', title))), ...rows.map(line)].join('\n');
}

const STYLES: Readonly<Record<string, Style>> = {
  online: 'green', up: 'green', ok: 'green', set: 'green', valid: 'green', resolved: 'green',
  degraded: 'yellow', warning: 'yellow', warn: 'yellow', acknowledged: 'yellow', missing: 'yellow',
  sent: 'green', succeeded: 'green', refreshed: 'green', pending: 'yellow', running: 'yellow', denied: 'yellow',
  well: 'green', failing: 'yellow', waiting: 'yellow', stuck: 'red',
  refused: 'red', failed: 'red', offline: 'red', down: 'red', critical: 'red', fail: 'red', open: 'red', invalid: 'red',
}; // biome-ignore format: a table of words

/** A word of state in its colour; the word itself always stands there too. */
export const state = (word: string, paint: Paint): string => {
  const style = STYLES[word];
  return style ? paint(style, word) : printable(word);
};

/** `3m ago`, from an RFC 3339 time; `never` for null. */
export function ago(time: string | null | undefined, now: number): string {
  if (!time) return 'never';
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}

/** `40 s`, `12 min`, `3 h`, `2 d`: how long something lasted. */
export function span(ms: number): string {
  const [size, unit] =
    ms < 120_000
      ? [1000, 's']
      : ms < 7_200_000
        ? [60_000, 'min']
        : ms < 172_800_000
          ? [3_600_000, 'h']
          : [86_400_000, 'd'];
  return `${Math.round(ms / Number(size))} ${unit}`;
}

export const latency = (ms: number | null): string => (ms === null ? '–' : `${Math.round(ms)} ms`);
