import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A text id that sorts by time: prefix, 48 bits of milliseconds, 80 random bits (ULID's layout, lower-case Crockford base 32). */
export function newId(prefix: string, now: number): string {
  let time = '';
  for (let rest = Math.max(0, Math.trunc(now)), i = 0; i < 10; i++, rest = Math.floor(rest / 32))
    time = ALPHABET[rest % 32] + time;
  let random = '';
  for (const byte of randomBytes(16)) random += ALPHABET[byte & 31];
  return `${prefix}_${time}${random}`;
}

/** An unguessable secret of 32 bytes in base64url, with a prefix by which leak scanners know it. */
export const newSecret = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`;
