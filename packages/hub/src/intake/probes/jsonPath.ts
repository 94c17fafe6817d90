/** Splits `data.queue[0].depth` into its steps; undefined when it is no such path. */
export function parsePath(path: string): (string | number)[] | undefined {
  const steps: (string | number)[] = [];
  const step = /(?:^|\.)([^.[\]]+)|\[(\d{1,6})\]/y;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (!match) return undefined;
    steps.push(match[1] ?? Number(match[2]));
  }
  return steps.length > 0 ? steps : undefined;
}

/** The value at a path, own properties only; `found` is false where the path leads nowhere. */
export function valueAt(value: unknown, steps: readonly (string | number)[]): { found: boolean; value?: unknown } {
  let at = value;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return { found: false };
    at = (at as Record<string | number, unknown>)[step];
  }
  return { found: true, value: at };
}
