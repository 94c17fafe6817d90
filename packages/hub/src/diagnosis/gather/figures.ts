import type { Fact } from '../rank/facts.ts';
import { WEIGHTS } from '../rank/weights.ts';
import { rates, type Shift, shiftOf } from './changepoint.ts';
import { factId } from './fact.ts';
import { meaningOf } from './metrics.ts';

export type Figures = {
  series: { id: number; project: string; service?: string | undefined; key: string; unit?: string | undefined };
  points: readonly { at: number; value: number }[];
};

/** A process that has just begun fills the window that it counts in: what it counts grows by itself for so long. */
const FILLING_MS = 5 * 60_000;

/**
 * Pure: what of these series changed its level for the worse, and what that speaks for. `startedAt` tells when the process of a project began,
 * epoch ms, where that is known.
 */
export function figureFacts(
  figures: readonly Figures[],
  startedAt: (project: string) => number | undefined = () => undefined,
): Fact[] {
  return figures.flatMap(({ series, points: all }): Fact[] => {
    const meaning = meaningOf(series.key);
    if (!meaning) return [];
    const filled = (startedAt(series.project) ?? Number.NEGATIVE_INFINITY) + FILLING_MS;
    const points = meaning.kind === 'traffic' && !meaning.counter ? all.filter(({ at }) => at >= filled) : all;
    const shift = shiftOf(meaning.counter ? rates(points) : points);
    if (!shift || shift.direction !== meaning.bad || isTrifle(shift, series.key, series.unit)) return [];
    const { project, key } = series;
    const unit = series.unit ?? (/bytes$/i.test(key) ? 'bytes' : undefined);
    const moved = shift.direction === 'up' ? 'rose' : 'fell';
    const per = meaning.counter ? ' a second' : '';
    const from = `${inWords(shift.before, unit)}${per} to ${inWords(shift.after, unit)}${per}`;
    return [
      {
        id: factId('changepoint', String(series.id)),
        kind: 'changepoint',
        role: 'cause',
        at: shift.at,
        project,
        service: series.service ?? null,
        text: `${key} ${moved} from ${from}`,
        speaks: [{ kind: meaning.kind, weight: WEIGHTS.shift }],
        plain: `a figure (${meaning.kind}) ${moved} from ${short(shift.before)} to ${short(shift.after)}`,
        outside: key,
      },
    ];
  });
}

/** However clear a change is, one of less than this is nobody's trouble: by the unit, or what the name says of it. */
const TRIFLES: readonly [RegExp, number][] = [
  [/ms$|milliseconds$/i, 10],
  [/(?:^|[._])s$|seconds$/i, 0.01],
  [/percent$|%$/i, 5],
  [/bytes$/i, 10 * 1024 * 1024],
];
function isTrifle({ before, after }: Shift, key: string, unit: string | undefined): boolean {
  const found = TRIFLES.find(([words]) => words.test(unit ?? '') || words.test(key));
  return found !== undefined && Math.abs(after - before) < found[1];
}

function inWords(value: number, unit: string | undefined): string {
  if (unit === 'bytes') {
    const step = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10)));
    return `${short(value / 1024 ** step)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][step]}`;
  }
  return unit === undefined || unit === 'count' ? short(value) : `${short(value)} ${unit}`;
}
const short = (value: number) => String(Number(value.toPrecision(3)));
