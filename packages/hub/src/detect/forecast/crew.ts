import { Worker } from 'node:worker_threads';
import type { Outcome } from './outcome.ts';
import type { Task } from './worker.ts';

/** A series takes some tenths of a second; one that takes this long hangs. */
const LONGEST_MS = 20_000;

export type Crew = ReturnType<typeof createCrew>;

/** One worker thread for forecasts: it begins with the first task, is replaced when it dies or hangs, and ends when told to rest. */
export function createCrew({ longestMs = LONGEST_MS }: { longestMs?: number } = {}) {
  let worker: Worker | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  function hire(): Worker {
    const hired = new Worker(new URL('./worker.ts', import.meta.url));
    // A forecast that is not finished is no reason to go on living.
    hired.unref();
    hired.once('exit', () => {
      if (worker === hired) worker = undefined;
    });
    // Also while nobody waits for it: an unheard error would end the hub.
    hired.on('error', () => undefined);
    return hired;
  }

  async function work(task: Task): Promise<Outcome> {
    worker ??= hire();
    const hired = worker;
    const answer = Promise.withResolvers<Outcome>();
    const fail = (reason: string) => () => answer.reject(new Error(reason));
    const heard = (error: Error) => answer.reject(new Error(`the worker failed: ${error.message}`, { cause: error }));
    const ended = fail('the worker ended before it answered');
    const timer = setTimeout(fail(`no answer within ${longestMs} ms`), longestMs);
    hired.once('message', answer.resolve).once('error', heard).once('exit', ended);
    try {
      hired.postMessage(task);
      return await answer.promise;
    } catch (error) {
      // Whatever it is doing, it is not to be trusted with the next one.
      if (worker === hired) worker = undefined;
      await hired.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
      hired.off('message', answer.resolve).off('error', heard).off('exit', ended);
    }
  }

  return {
    /** Reckons one series after those before it; throws when the worker dies or hangs over it, and the next one gets a new worker. */
    reckon(task: Task): Promise<Outcome> {
      const mine = turn.then(() => work(task));
      turn = mine.catch(() => undefined);
      return mine;
    },
    /** The thread of now, for whoever wants to know or to end it; undefined while it rests. */
    thread: () => worker,
    /** Ends the thread: its memory goes with it. */
    async rest(): Promise<void> {
      const hired = worker;
      worker = undefined;
      await hired?.terminate();
    },
  };
}
