import { HubError } from './errors.ts';

type Waiting<T, R> = { item: T; resolve(result: R): void; reject(error: unknown): void };

export type Together<T, R> = {
  /** Resolves with what became of the item; throws rate_limited while too many of its key, or in all, wait already. */
  add(key: string, item: T): Promise<R>;
  waiting(): number;
};

const GATHER_MS = 1;

/**
 * Does together what comes in at once, one of each key in turn: the more there is to do, the more a single commit settles, and whoever
 * brings most waits longest while everybody else hardly waits. A group that fails is done again one by one, so that nobody answers
 * for another's mistake. What waits is bounded.
 */
export function createTogether<T, R>(options: {
  /** All of them or none; the results in the order of the items. */
  run(items: readonly T[]): Promise<R[]>;
  /** How much an item is; a group ends when it reaches `most`. */
  weight(item: T): number;
  most: number;
  perKey: number;
  inAll: number;
  /** Whether a failure is everybody's, so that trying one by one would only repeat it. */
  isShared(error: unknown): boolean;
  /** How many are to come in soon, with those that wait: a group gathers for a moment until they are there. None unless given. */
  expected?(): number;
}): Together<T, R> {
  const queues = new Map<string, Waiting<T, R>[]>();
  let waiting = 0;
  let working = false;
  let complete: (() => void) | undefined;

  function nextGroup(): Waiting<T, R>[] {
    const group: Waiting<T, R>[] = [];
    for (let sum = 0; sum < options.most && waiting > 0; ) {
      const [first] = queues;
      const one = first?.[1].shift();
      if (!first || !one) break;
      const [key, queue] = first;
      // To the back: the other keys come first now.
      queues.delete(key);
      if (queue.length > 0) queues.set(key, queue);
      waiting -= 1;
      group.push(one);
      sum += options.weight(one.item);
    }
    return group;
  }

  async function settle(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await options.run(group.map(({ item }) => item));
      for (const [i, one] of group.entries()) one.resolve(results[i] as R);
    } catch (error) {
      if (group.length === 1 || options.isShared(error)) for (const { reject } of group) reject(error);
      else for (const one of group) await settle([one]);
    }
  }

  const isComplete = () => waiting >= Math.min(options.expected?.() ?? 0, options.most);

  function gather(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GATHER_MS);
    complete = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  async function work(): Promise<void> {
    working = true;
    for (; waiting > 0; await settle(nextGroup())) {
      // An embedded database works on this thread: what came in meanwhile is read first, so that it joins the next commit.
      await new Promise(setImmediate);
      if (!isComplete()) await gather();
      complete = undefined;
    }
    working = false;
  }

  return {
    async add(key, item) {
      const queue = queues.get(key) ?? [];
      if (queue.length >= options.perKey || waiting >= options.inAll)
        throw new HubError(
          'rate_limited',
          'More comes in than can be stored, and this was not; try again in a second.',
          {
            retryAfter: 1,
          },
        );
      const { promise, resolve, reject } = Promise.withResolvers<R>();
      queue.push({ item, resolve, reject });
      queues.set(key, queue);
      waiting += 1;
      if (!working) void work();
      else if (complete && isComplete()) complete();
      return promise;
    },
    waiting: () => waiting,
  };
}
