import { mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

/** One measured figure: ours, the same of a peer in the same run, and the bar that it has to meet. */
export type Figure = {
  what: string;
  unit: string;
  ours: number;
  peer?: { name: string; value: number };
  bar?: { atMost: number } | { atLeast: number };
  /** What must be known to read it. */
  note?: string;
};

const FOLDER = new URL('../results/', import.meta.url);
const figures: Figure[] = [];

/** Numbers as people read them: three digits that count. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

export const isMet = ({ ours, bar }: Figure): boolean =>
  bar === undefined || ('atMost' in bar ? ours <= bar.atMost : ours >= bar.atLeast);

/** Ours against the peer's, so that more than 1 is in our favour whichever way the bar goes. */
export function ratio({ ours, peer, bar }: Figure): number | undefined {
  if (!peer) return undefined;
  return bar && 'atLeast' in bar ? ours / peer.value : peer.value / ours;
}

export const barOf = ({ bar, unit }: Figure): string =>
  bar === undefined ? '' : 'atMost' in bar ? `≤ ${shown(bar.atMost)} ${unit}` : `≥ ${shown(bar.atLeast)} ${unit}`;

export const TABLE_HEAD = [
  '| what | Orrery | peer | ratio | bar | `npm run bench --` |',
  '| --- | ---: | ---: | ---: | ---: | --- |',
].join('\n');

/** One line of the table. */
export function row(one: Figure, bench: string): string {
  const against = ratio(one);
  const what = one.note === undefined ? one.what : `${one.what} (${one.note})`;
  const peer = one.peer ? `${shown(one.peer.value)} ${one.unit}, ${one.peer.name}` : '';
  const bar = `${barOf(one)}${isMet(one) ? '' : ' **missed**'}`;
  const cells = [what, `${shown(one.ours)} ${one.unit}`, peer, against === undefined ? '' : `${shown(against)} ×`, bar];
  return `| ${[...cells, bench].join(' | ')} |`;
}

/** Prints one figure and keeps it for the table. */
export function figure(one: Figure): void {
  figures.push(one);
  const against = ratio(one);
  const parts = [
    `${shown(one.ours)} ${one.unit}`,
    ...(one.peer ? [`${one.peer.name}: ${shown(one.peer.value)} ${one.unit}`] : []),
    ...(against === undefined ? [] : [`ratio ${shown(against)}`]),
    ...(one.bar ? [`bar ${barOf(one)} ${isMet(one) ? 'met' : 'MISSED'}`] : []),
  ];
  console.log(`${one.what.padEnd(60)} ${parts.join('   ')}`);
  if (one.note) console.log(`${''.padEnd(60)} (${one.note})`);
  mkdirSync(FOLDER, { recursive: true });
  const name = basename(process.argv[1] ?? 'bench', '.ts');
  writeFileSync(new URL(`${name}.json`, FOLDER), `${JSON.stringify(figures, null, 2)}\n`);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The value that this share of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}
