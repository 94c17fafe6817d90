/** Names under which JavaScript keeps its own things: never a key of ours. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);
export const isReserved = (key: string): boolean => RESERVED.has(key);

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A number, or text that every database keeps (PostgreSQL refuses NUL). */
export const isValue = (value: unknown): value is number | string =>
  typeof value === 'number' || (typeof value === 'string' && !value.includes('\u0000'));

/** Whether a parsed value is nested deeper than `limit`; asked before anything walks it recursively. */
export function deeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}

/** Text of at most `length` characters on one line: what it says stays, what steers a terminal or a mail header goes. */
export const line = (text: string, length: number): string =>
  text
    .slice(0, length * 2)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, length)
    .toWellFormed();
