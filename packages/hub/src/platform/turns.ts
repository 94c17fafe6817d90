import { HubError } from './errors.ts';

export type Turns = {
  /** Runs `work` when it is this key's turn; throws rate_limited while too many of its kind wait already. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
  waiting(): number;
};

/**
 * Lets work through a few at a time, one of each key in turn: whoever brings most waits longest, and everybody else as if there were
 * little to do. What waits is bounded, for each key and in all.
 */
export function createTurns(limits: { atOnce: number; perKey: number; inAll: number }): Turns {
  const queues = new Map<string, (() => void)[]>();
  let running = 0;
  let waiting = 0;

  function next(): void {
    const [first] = queues;
    if (!first) return;
    const [key, queue] = first;
    const begin = queue.shift();
    // To the back: the other keys come first now.
    queues.delete(key);
    if (queue.length > 0) queues.set(key, queue);
    waiting -= 1;
    running += 1;
    begin?.();
  }

  async function turn(key: string): Promise<void> {
    if (running < limits.atOnce) {
      running += 1;
      return;
    }
    const queue = queues.get(key) ?? [];
    if (queue.length >= limits.perKey || waiting >= limits.inAll)
      throw new HubError(
        'rate_limited',
        'More comes in than can be stored; nothing of this was. Try again in a second.',
        {
          retryAfter: 1,
        },
      );
    queues.set(key, queue);
    waiting += 1;
    await new Promise<void>((begin) => queue.push(begin));
  }

  return {
    async take(key, work) {
      await turn(key);
      try {
        return await work();
      } finally {
        running -= 1;
        if (waiting > 0) next();
      }
    },
    waiting: () => waiting,
  };
}
