import { AsyncLocalStorage } from 'node:async_hooks';

/** How a run ended; `left`: it ignored its signal and is not waited for any longer. */
export type RunOutcome = { kind: 'done' } | { kind: 'failed'; error: unknown } | { kind: 'cut' } | { kind: 'left' };
export type Run = {
  ended: Promise<RunOutcome>;
  /** Settles when the work itself has, also long after it was left. */
  settled: Promise<void>;
  /** Ends it for a restart. */
  cut(): void;
};

/** How long a run may go on after its signal: past its time, for a restart, and while the hub stops. */
const GRACE_MS = { late: 30_000, cut: 2000, stop: 5000 } as const;
export type Grace = { readonly [Why in keyof typeof GRACE_MS]: number };

const owners = new AsyncLocalStorage<(error: unknown) => void>();

/**
 * Hands an error that nobody caught to the job in whose work it arose: a promise that was let go of, a callback that throws. False when it
 * arose in no job's work; what to do about it is then somebody else's to say.
 */
export function strayOfJob(error: unknown): boolean {
  const owner = owners.getStore();
  owner?.(error);
  return owner !== undefined;
}

/**
 * Starts one run that nothing outside depends on: whatever is thrown, at once, later or beside it, is its outcome, and one that ignores its
 * signal is left behind after a grace.
 */
export function startRun(
  job: { timeoutMs: number; run(context: { signal: AbortSignal }): Promise<void> },
  { stopping, stray, grace = GRACE_MS }: { stopping: AbortSignal; stray(error: unknown): void; grace?: Grace },
): Run {
  const cutting = new AbortController();
  const timeout = AbortSignal.timeout(job.timeoutMs);
  const signal = AbortSignal.any([timeout, stopping, cutting.signal]);
  let over = false;
  let strayed: { error: unknown } | undefined;
  const owner = (error: unknown) => {
    // Of a run that has ended nobody asks any more how it went.
    if (over) stray(error);
    else strayed ??= { error };
  };
  const work = owners.run(owner, async () => job.run({ signal }));
  const settled = work.then(
    (): RunOutcome => (strayed ? { kind: 'failed', ...strayed } : { kind: 'done' }),
    (error: unknown): RunOutcome => (cutting.signal.aborted ? { kind: 'cut' } : { kind: 'failed', error }),
  );
  const { promise: left, resolve: leave } = Promise.withResolvers<RunOutcome>();
  let patience: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', waitForIt, { once: true });
  function waitForIt(): void {
    const ms = cutting.signal.aborted ? grace.cut : stopping.aborted ? grace.stop : grace.late;
    clearTimeout(patience);
    patience = setTimeout(() => leave({ kind: 'left' }), ms);
    // One that is late already may be cut or stopped on top of it; then it is waited for less long.
    if (!cutting.signal.aborted) cutting.signal.addEventListener('abort', waitForIt, { once: true });
    if (!stopping.aborted) stopping.addEventListener('abort', waitForIt, { once: true });
  }
  const ended = Promise.race([settled, left]).finally(() => {
    over = true;
    clearTimeout(patience);
    signal.removeEventListener('abort', waitForIt);
    stopping.removeEventListener('abort', waitForIt);
  });
  return { ended, settled: settled.then(() => undefined), cut: () => cutting.abort(new Error('restarted')) };
}
