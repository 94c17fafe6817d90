import type { Alert } from '@orrery/protocol';
import { type DrillFault, type Ground, nameOf } from './ground.ts';
import type { Look } from './look.ts';
import { type FaultRecord, isRight } from './score.ts';

const LOOK_MS = 200;
/** A diagnosis is read so often, and given so many intervals to become what it stays; without one there is no point in waiting for more. */
const DIAGNOSIS_EVERY_MS = 400;
const SETTLING_INTERVALS = 2;

export type Pace = { now(): number; wait(ms: number): Promise<void>; signal: AbortSignal };

/** What was broken stays broken until somebody mends it. */
export class NotMended extends Error {}

/** Breaks one thing and watches what the hub's API says of it until it is repaired, or judged, or its time is over; then mends it. */
export async function strike(
  { fault, ground, look, pace }: { fault: DrillFault; ground: Ground; look: Look; pace: Pace },
  told: (text: string) => void,
): Promise<FaultRecord> {
  const { target } = fault;
  const { now } = pace;
  const before = new Set((await look.livingAlerts()).map(({ id }) => id));
  const pagesBefore = ground.pages()?.length ?? 0;
  const injectedAt = now();
  const record: FaultRecord = {
    ...{ fault: fault.name, target, kinds: fault.kinds, remedy: fault.remedy },
    ...{
      injectedAt,
      endedAt: injectedAt,
      detectedAt: null,
      diagnosedAt: null,
      rightAt: null,
      cause: null,
      repairedAt: null,
    },
    pages: undefined,
  };
  try {
    await fault.inject();
    let diagnoseFrom = 0;
    while (!isOver(record, fault, ground, now())) {
      pace.signal.throwIfAborted();
      await pace.wait(LOOK_MS);
      const alert = (await look.livingAlerts()).find((one) => !before.has(one.id) && isOf(one, fault));
      if (alert && record.detectedAt === null) {
        record.detectedAt = now();
        told(`  detected after ${now() - injectedAt} ms: ${alert.title}`);
      }
      const own = (await look.attempts()).filter(
        (attempt) => nameOf(attempt.target) === nameOf(target) && (attempt.actsAt ?? 0) >= injectedAt,
      );
      // What a remedy does, a port that is closed while something starts again, is not what was to be found out.
      if (alert?.incidentId && own.length === 0 && now() >= diagnoseFrom) {
        diagnoseFrom = now() + DIAGNOSIS_EVERY_MS;
        const cause = await look.cause(alert.incidentId);
        if (cause && note(record, cause, now())) told(`  named after ${now() - injectedAt} ms: ${cause.title}`);
      }
      if (!fault.remedy || record.repairedAt !== null) continue;
      const healed = own.find(({ outcome }) => outcome === 'healed');
      if (healed) {
        record.repairedAt = now();
        told(`  repaired after ${now() - injectedAt} ms`);
      }
    }
  } finally {
    // Asked before it is cleared: that would look like a remedy.
    const mendedAt = await fault.mendedAt?.(injectedAt);
    try {
      await fault.clear();
    } catch (error) {
      // Whatever else came, this is what somebody has to know.
      // biome-ignore lint/correctness/noUnsafeFinally: it is meant to take the place of any other error.
      throw new NotMended(`${fault.name} could not be mended: ${error instanceof Error ? error.message : error}`);
    }
    record.endedAt = mendedAt ?? now();
  }
  record.pages = ground.pages()?.slice(pagesBefore).length;
  return record;
}

/** An alert of the project as a whole may be about its service, too: figures have no other. What a scan found is not. */
const isOf = (alert: Alert, { target }: DrillFault): boolean =>
  alert.project === target.project &&
  (alert.service === undefined ? alert.category !== 'security' : alert.service === target.service);

/** Whether the first cause is another one than before. */
function note(record: FaultRecord, cause: NonNullable<FaultRecord['cause']>, now: number): boolean {
  const before = record.cause;
  const { kind, project, service, why } = cause;
  record.cause = { kind, project, ...(service === undefined ? {} : { service }), why };
  record.diagnosedAt ??= now;
  if (isRight(record.cause, record)) record.rightAt ??= now;
  else record.rightAt = null;
  return before?.kind !== kind || before.project !== project || before.service !== record.cause.service;
}

/** Repaired, or with nothing more to come of it, or out of time. */
function isOver(record: FaultRecord, fault: DrillFault, { intervalMs }: Ground, now: number): boolean {
  if (now - record.injectedAt >= fault.withinMs) return true;
  if (fault.remedy) return record.repairedAt !== null;
  return record.detectedAt !== null && now - record.detectedAt >= SETTLING_INTERVALS * intervalMs;
}
