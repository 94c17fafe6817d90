import type { Threshold } from '../facts.ts';
import { shareAbove, stretchOf } from './conformal.ts';
import { type Choice, HOUR, LEVEL } from './outcome.ts';
import type { Path } from './tables.ts';

/** One hour beyond the limit is a spike; people are told of what lasts this many hours. */
const LASTS = 3;
/** What was beyond within these hours comes and goes: no news, and the threshold itself tells of it. */
const RECENTLY = 36;
/** From when on the hour counts as the earliest one to be thought of. */
const POSSIBLE = 0.1;
const LIKELY = 0.5;
/** A handful of backtests proves no certainty. */
const SUREST = 0.99;

/** A method whose interval held less than it was made for is believed less: what it says is drawn towards a half. */
const believed = (share: number, coverage: number | null): number =>
  LIKELY + (Math.min(SUREST, share) - LIKELY) * Math.min(1, (coverage ?? 0) / LEVEL);

export type Crossing = {
  /** The greatest share of the backtest's errors that would leave the value beyond the limit, over any three hours within the 72; less where the backtest's interval held less than it should. */
  confidence: number;
  /** Epoch ms: the first hour from which that share is a half or more; of the greatest one where it never is. */
  at: number;
  /** Epoch ms: the first hour from which it is a tenth. */
  earliestAt: number;
  /** It is beyond already, or was within the last day and a half. */
  known: boolean;
};

/** Whether it is more likely than not, and news. */
export const isSpokenOf = ({ confidence, known }: Crossing): boolean => !known && confidence >= LIKELY;

/** Whether a forecast goes beyond a limit, how surely and when; undefined when it does not look like it at all. */
export function crossingOf(
  path: Pick<Path, 'point' | 'recent'>,
  { spread, coverage }: Pick<Choice, 'spread' | 'coverage'>,
  limit: Pick<Threshold, 'above' | 'below'>,
  dataUntil: number,
): Crossing | undefined {
  const beyond = (value: number) =>
    limit.above !== undefined ? value > limit.above : value < (limit.below ?? Number.NEGATIVE_INFINITY);
  const shares = path.point.map((value, hour) => {
    const errors = spread[stretchOf(hour)] ?? [];
    return limit.above !== undefined
      ? shareAbove(errors, limit.above - value)
      : 1 - shareAbove(errors, (limit.below ?? Number.NEGATIVE_INFINITY) - value);
  });
  const lasting = shares.flatMap((_, hour) =>
    hour + LASTS > shares.length ? [] : [shares.slice(hour, hour + LASTS).reduce((sum, one) => sum + one, 0) / LASTS],
  );
  const greatest = Math.max(0, ...lasting);
  if (greatest < POSSIBLE) return undefined;
  const first = (share: number) => lasting.findIndex((each) => each >= share);
  const expected = first(LIKELY);
  return {
    confidence: greatest < LIKELY ? greatest : believed(greatest, coverage),
    at: dataUntil + (expected >= 0 ? expected : lasting.indexOf(greatest)) * HOUR,
    earliestAt: dataUntil + first(POSSIBLE) * HOUR,
    known: path.recent.slice(-RECENTLY).some(beyond),
  };
}
