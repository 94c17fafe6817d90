import { setTimeout as pause } from 'node:timers/promises';
import type { RepairContext } from './context.ts';
import { type OtherLook, type Quorum, quorum } from './quorum.ts';
import type { AttemptRow } from './tables.ts';

/** A check may hang until its own time is over; one that says nothing for so long confirms nothing. */
const WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;

/** Asks for a second look at a target and waits for what it says; undefined when the hub is stopped meanwhile. */
export async function lookAgain(
  context: RepairContext,
  row: AttemptRow,
  signal: AbortSignal,
): Promise<Exclude<Quorum, { kind: 'wait' }> | undefined> {
  const { project, service } = row;
  const askedAt = context.clock.now();
  const deadline = context.clock.monotonic() + WITHIN_MS;
  // What others see is not waited for once it is clear without them.
  const decided = new AbortController();
  let elsewhere: readonly OtherLook[] | undefined;
  context.checkSoon([{ project, service }]);
  const asked = context.lookFromElsewhere({ project, service }, AbortSignal.any([signal, decided.signal])).then(
    (seen) => {
      elsewhere = seen;
    },
    (error: unknown) => {
      context.log.warn({ err: error, attempt: row.id }, 'no other hub could be asked; this one looks by itself');
      elsewhere = [];
    },
  );
  const byMetric = row.symptom?.includes('"check":"metric ') === true;
  try {
    for (;;) {
      const [states, alerts] = await Promise.all([context.states(), context.alerts()]);
      const verdict = quorum({
        alertLives: alerts.some(({ id }) => id === row.alert_id),
        byMetric,
        askedAt,
        probes: states.filter((state) => state.project === project && state.service === service),
        elsewhere,
      });
      if (signal.aborted) return undefined;
      if (verdict.kind !== 'wait') return verdict;
      if (context.clock.monotonic() > deadline)
        return { kind: 'refused', detail: `no second look came within ${WITHIN_MS / 1000} s` };
      await pause(LOOK_EVERY_MS);
    }
  } finally {
    decided.abort();
    await asked;
  }
}
