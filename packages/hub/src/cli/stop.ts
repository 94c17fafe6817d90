import { strayOfJob } from '../platform/job-run.ts';
import type { Log } from '../platform/log.ts';
import { EXIT } from './terminal.ts';

const GRACE_MS = 9500;
/** npm and a terminal both pass on one Ctrl+C: what follows at once is the same signal again. */
const SAME_MS = 400;

/**
 * Resolves when SIGTERM or SIGINT came and everything has stopped. A second signal ends the process at once, and so does a stop that takes
 * longer than 9.5 s. A surprise that nobody caught and that is no job's own stops everything too, with exit code 1: a
 * restart finds all that was acknowledged.
 */
export function stopOnSignals(running: { stop(): Promise<void> }, log: Log, graceMs = GRACE_MS): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    function stop(why: string, failed: boolean): void {
      const now = performance.now();
      if (firstAt !== undefined) {
        if (!failed && now - firstAt > SAME_MS) process.exit(EXIT.failure);
        return;
      }
      firstAt = now;
      if (failed) process.exitCode = EXIT.failure;
      else log.info({ signal: why }, 'stopping');
      setTimeout(() => {
        log.error('stopping took too long; what was acknowledged is stored, the rest is found again at the next start');
        process.exit(EXIT.failure);
      }, graceMs).unref();
      running
        .stop()
        .then(() => log.info('stopped'))
        .catch((error: unknown) => {
          log.error({ err: error }, 'stopping failed');
          process.exitCode = EXIT.failure;
        })
        .finally(() => {
          resolve();
          // A socket or timer that somebody left open must not keep a stopped hub alive.
          setTimeout(() => process.exit(), 250).unref();
        });
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal, false));
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error: unknown) => {
        // What arose in the work of a job is that job's failure: one agent must not end the others.
        if (strayOfJob(error)) return;
        log.fatal({ err: error }, 'a surprise that nobody caught');
        stop(event, true);
      });
  });
}
