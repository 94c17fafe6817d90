/** URL state is plain text: `?status=open,acknowledged&project=veria`. No JSON, no quotes, readable and stable. */

export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const pairs: [string, string][] = [];
  for (const [key, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === '' || value === false) continue;
    pairs.push([key, Array.isArray(value) ? value.join(',') : String(value)]);
  }
  if (pairs.length === 0) return '';
  // A comma and a colon may stand in a query as they are; encoded they only make a shared link hard to read.
  return `?${new URLSearchParams(pairs).toString().replaceAll('%2C', ',').replaceAll('%3A', ':')}`;
}

/** One of a closed list, or nothing. */
export function oneOf<const T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((item) => item === value);
}

/** Several of a closed list, in the list's order, without repeats; nothing when none is left. */
export function someOf<const T extends string>(value: unknown, allowed: readonly T[]): T[] | undefined {
  if (typeof value !== 'string' && !Array.isArray(value)) return undefined;
  const given = Array.isArray(value) ? value : value.split(',');
  const kept = allowed.filter((item) => given.includes(item));
  return kept.length > 0 ? kept : undefined;
}

/** Short free text, or nothing. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
}

export type Sort = { id: string; desc: boolean };

/** `-lastSeenAt` ↔ sort by lastSeenAt, greatest first. */
export function readSort(value: unknown): Sort | undefined {
  const text = textOf(value);
  if (!text || !/^-?[A-Za-z]+$/.test(text)) return undefined;
  return { id: text.replace(/^-/, ''), desc: text.startsWith('-') };
}

export const writeSort = (sort: Sort | undefined) => sort && `${sort.desc ? '-' : ''}${sort.id}`;
