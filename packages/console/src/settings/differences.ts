export type Difference = { path: string; before: string | undefined; after: string | undefined };

/** Of two states the fields that differ, each with its path; a field that stands on one side only has nothing on the other. */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (!isObject(before ?? {}) || !isObject(after ?? {}) || (!isObject(before) && !isObject(after)))
    return [{ path: path || '(all)', before: shown(before), after: shown(after) }];
  const [old, now] = [(before ?? {}) as Fields, (after ?? {}) as Fields];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((name) =>
    differences(old[name], now[name], path ? `${path}.${name}` : name),
  );
}

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const shown = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
