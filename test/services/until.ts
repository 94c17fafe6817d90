import { setTimeout as pause } from 'node:timers/promises';

/** Asks again and again until `fn` answers something truthy, and returns that; throws with `what` (and the last error) after `timeoutMs`. */
export async function until<T>(
  fn: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number; what: string },
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 10_000, everyMs = 20, what } = options;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await fn();
      if (answer) return answer as Exclude<T, false | null | undefined>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: last });
    await pause(everyMs);
  }
}
