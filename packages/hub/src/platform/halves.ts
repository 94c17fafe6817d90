export type Halved<T> = {
  done: T[];
  /** Those that fail even alone, with why. */
  bad: { item: T; error: unknown }[];
  /** Those that were not tried to the end. */
  left: T[];
  /** Why nothing more was tried. */
  error?: unknown;
};

/**
 * Works on all items together; where that fails for what is in them, on one half and then the other, and so on until those to blame are
 * alone: one that cannot be worked on holds nobody else up. Order stays. An error that is everybody's ends it, and so do `tries` attempts.
 */
export async function inHalves<T>(
  items: readonly T[],
  work: (part: readonly T[]) => Promise<void>,
  { isShared, tries }: { isShared(error: unknown): boolean; tries: number },
): Promise<Halved<T>> {
  const result: Halved<T> = { done: [], bad: [], left: [] };
  const parts: (readonly T[])[] = [items];
  for (let left = tries; parts.length > 0; left--) {
    const part = parts.shift() ?? [];
    try {
      if (left <= 0) throw result.error ?? new Error('too many of them fail');
      await work(part);
      result.done.push(...part);
    } catch (error) {
      if (left <= 0 || isShared(error)) return { ...result, left: [...part, ...parts.flat()], error };
      result.error = error;
      const middle = part.length >> 1;
      if (middle > 0) parts.unshift(part.slice(0, middle), part.slice(middle));
      else result.bad.push(...part.map((item) => ({ item, error })));
    }
  }
  return result;
}
