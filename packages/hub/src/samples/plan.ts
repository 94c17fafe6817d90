import { formatDuration } from '@orrery/protocol';
import { HubError } from '../platform/errors.ts';
import { LIMITS } from './limits.ts';
import type { Range, Resolution } from './read.ts';
import { DAY, floorTo, HOUR, MINUTE } from './tables.ts';

/** Steps that people read easily, in milliseconds. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28].map((days) => days * DAY),
];
/** Points of a chart when nobody says how many. */
const CHART_POINTS = 400;

/** The smallest readable step that covers the range with at most `points` points. */
export function stepFor({ from, to }: Range, points: number = CHART_POINTS): number {
  const width = to - from;
  return STEPS.find((step) => width / step <= points) ?? Math.ceil(width / points / DAY) * DAY;
}

/** The coarsest kept resolution whose buckets fill whole steps. */
export const resolutionFor = (step: number): Resolution =>
  step % HOUR === 0 ? 'hour' : step % MINUTE === 0 ? 'minute' : 'raw';

/** The range as whole steps, so that no first point stands for a part of its step only. */
export const wholeSteps = ({ from, to }: Range, step: number): Range => ({ from: floorTo(from, step), to });

const refuse = (field: string, reason: string) =>
  new HubError('invalid', `${field}: ${reason}`, { fields: [{ field, reason }] });

/** Throws `invalid` for a range that ends before it begins, or a step that would give too many points. */
export function checkRange({ from, to }: Range, step: number | undefined): void {
  if (to <= from) throw refuse('query.from', 'must be earlier than "to"');
  if (step === undefined) return;
  if (step <= 0) throw refuse('query.step', 'must be longer than nothing');
  if ((to - from) / step > LIMITS.points) {
    const smallest = formatDuration(stepFor({ from, to }, LIMITS.points));
    throw refuse('query.step', `gives more than ${LIMITS.points} points for this range; take ${smallest} or more`);
  }
}
