import { createHash, timingSafeEqual } from 'node:crypto';
import type { Problem } from '@orrery/protocol';

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...HEADERS, ...headers },
  });
}

export function text(status: number, body: string, contentType: string): Response {
  return new Response(body, { status, headers: { 'content-type': contentType, ...HEADERS } });
}

/** An RFC 9457 answer; `error` is the short word that a program branches on. */
export function problem(
  status: number,
  error: string,
  detail: string,
  extra: { fields?: Problem['fields']; headers?: Record<string, string> } = {},
): Response {
  const body: Problem = { type: 'about:blank', title: error, status, detail, error };
  if (extra.fields) body.fields = extra.fields;
  return json(status, body, { 'content-type': 'application/problem+json; charset=utf-8', ...extra.headers });
}

/** One text for a missing key, a wrong key and every kind of bad signature: the sender learns nothing. */
export const unauthorized = (): Response => problem(401, 'Unauthorized', 'A valid key or signature is needed.');

/** A comparison whose time does not depend on the given text; false when no key is configured. */
export function createKeyCheck(keys: readonly string[]): (given: string | null) => boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  const known = keys.map(digest);
  return (given) => {
    if (given === null || given === '') return false;
    const candidate = digest(given);
    let matched = false;
    for (const key of known) if (timingSafeEqual(key, candidate)) matched = true;
    return matched;
  };
}
