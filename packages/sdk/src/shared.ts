/** One run answers everybody who asks while it runs and for `reuseMs` after it began to answer: a stampede costs one run. */
export function shared<T>(run: () => Promise<T>, reuseMs: number, now: () => number): () => Promise<T> {
  let current: Promise<T> | undefined;
  let settledAt: number | undefined;
  return () => {
    if (current && (settledAt === undefined || now() - settledAt < reuseMs)) return current;
    settledAt = undefined;
    const started = run();
    current = started;
    const settle = () => {
      if (current === started) settledAt = now();
    };
    started.then(settle, () => {
      if (current === started) current = undefined;
    });
    return started;
  };
}

/** Everybody who asks while a run is under way shares it: one that hangs must not pile up, and is given up after `giveUpMs`. */
export function underWay<T>(run: () => T | Promise<T>, giveUpMs: number, now: () => number): () => Promise<T> {
  let current: { work: Promise<T>; since: number } | undefined;
  return () => {
    if (current && now() - current.since < giveUpMs) return current.work;
    const mine = { work: (async () => run())(), since: now() };
    current = mine;
    const settle = () => {
      if (current === mine) current = undefined;
    };
    mine.work.then(settle, settle);
    return mine.work;
  };
}

/** The outcome of `task`, or `timedOut` after `timeoutMs`; the task's signal is aborted then, and what it does later is ignored. */
export async function within<T>(
  task: (signal: AbortSignal) => T | Promise<T>,
  timeoutMs: number,
): Promise<{ kind: 'done'; value: T } | { kind: 'failed'; error: unknown } | { kind: 'timedOut' }> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<{ kind: 'timedOut' }>((resolve) => {
    timer = setTimeout(() => {
      resolve({ kind: 'timedOut' });
      abort.abort(new Error(`timed out after ${timeoutMs} ms`));
    }, timeoutMs);
  });
  const work = (async () => {
    try {
      return { kind: 'done', value: await task(abort.signal) } as const;
    } catch (error) {
      return { kind: 'failed', error } as const;
    }
  })();
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a product's own function says, or nothing when it throws: tracing must not fail a request. */
export function ask<Args extends unknown[], Answer>(
  question: ((...args: Args) => Answer) | undefined,
  ...args: Args
): Answer | undefined {
  try {
    return question?.(...args);
  } catch {
    return undefined;
  }
}
