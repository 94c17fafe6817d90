import { formatDuration, type HeartbeatProbe } from '@orrery/protocol';
import type { z } from 'zod';
import { ms } from './common.ts';
import type { Beat, CheckContext, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type Spec = ProbeSpec & { graceMs: number };

const MIN_EVERY_MS = 1000;
const MAX_EVERY_MS = 15_000;

/** A dead man's switch: down when the job that promised to call has not, or has called to say that it failed. */
export const heartbeat: ProbeFamily<z.output<typeof HeartbeatProbe>, Spec> = {
  compile(declared) {
    const intervalMs = ms(declared.interval);
    const graceMs = ms(declared.grace);
    return {
      target: `a call every ${declared.interval}, at most ${declared.grace} late`,
      intervalMs,
      graceMs,
      everyMs: Math.min(Math.max((intervalMs + graceMs) / 4, MIN_EVERY_MS), MAX_EVERY_MS),
      timeoutMs: 0,
      failAfter: 1,
      recoverAfter: 1,
    };
  },

  async check(spec, { beat, was, away }: CheckContext): Promise<Outcome> {
    const last = await beat();
    const heard = last.beats > 0;
    const reason = broken(spec, last, away, was);
    return reason === undefined
      ? { status: 'up', latencyMs: null, heard }
      : { status: 'down', latencyMs: null, reason, heard: false };
  },
};

/** What is wrong, or undefined. A beat that fell into the hub's own absence is not held against the job. */
export function broken(
  { intervalMs, graceMs }: Pick<Spec, 'intervalMs' | 'graceMs'>,
  last: Beat,
  away: CheckContext['away'],
  was: CheckContext['was'],
): string | undefined {
  if (last.failed) return `the job reported a failure ${span(last.agoMs)} ago`;
  const overdueMs = last.agoMs - intervalMs - graceMs;
  if (overdueMs <= 0) return undefined;
  if (away && was !== 'down') {
    const dueAgoMs = last.agoMs - intervalMs;
    const wasOnTime = overdueMs <= away.fromAgoMs;
    if (wasOnTime && dueAgoMs >= away.toAgoMs && away.toAgoMs <= intervalMs + graceMs) return undefined;
  }
  const promise = `every ${formatDuration(intervalMs)} was promised`;
  return last.beats === 0
    ? `no call has come in ${span(last.agoMs)}; one ${promise}`
    : `the last call came ${span(last.agoMs)} ago; one ${promise} (${formatDuration(graceMs)} of grace)`;
}

/** A time ago in the unit that people would use. */
function span(milliseconds: number): string {
  const unit = milliseconds >= 7_200_000 ? 3_600_000 : milliseconds >= 120_000 ? 60_000 : 1000;
  return formatDuration(Math.max(Math.round(milliseconds / unit), 1) * unit);
}
