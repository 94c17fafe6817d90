import type { JWTPayload } from 'jose';
import type { Clock } from '../../platform/clock.ts';
import type { createKeySet } from './keys.ts';
import type { OidcSettings } from './settings.ts';

export const LONGEST_TOKEN = 16 * 1024;
const COMPACT = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;
const HEADERS_NEVER_TAKEN = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip'] as const;
const KINDS = new Set(['JWT', 'AT+JWT', 'APPLICATION/AT+JWT']);

/** The times and the subject are there: they were required. */
export type TokenClaims = JWTPayload & { exp: number; sub: string };
export type Verified = { ok: true; claims: TokenClaims } | { ok: false; reason: string };

/** Whether a text has the form of a signed token, and may be judged as one. */
export const looksLikeToken = (text: string): boolean => text.length <= LONGEST_TOKEN && COMPACT.test(text);

/**
 * Verifies signature, issuer, audience and times of a token. What algorithm may be used is the hub's to say, never the token's; keys come from
 * the configured provider and from nowhere that a header names. Throws `unavailable` while the provider's keys cannot be had.
 */
export async function verifyToken(
  token: string,
  expected: { audience: string; settings: OidcSettings; keys: ReturnType<typeof createKeySet>; clock: Clock },
): Promise<Verified> {
  const { audience, settings, keys, clock } = expected;
  const { decodeProtectedHeader, errors, jwtVerify } = await import('jose');
  try {
    const header = decodeProtectedHeader(token);
    if (HEADERS_NEVER_TAKEN.some((name) => Object.hasOwn(header, name)))
      return { ok: false, reason: 'its header brings a key or a demand of its own' };
    if (header.typ !== undefined && !KINDS.has(header.typ.toUpperCase()))
      return { ok: false, reason: 'it is no token of this kind' };
    const { payload } = await jwtVerify(token, keys, {
      issuer: settings.issuer,
      audience,
      algorithms: [...settings.algorithms],
      clockTolerance: settings.clockToleranceMs / 1000,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp', 'sub', 'iss', 'aud'],
    });
    return { ok: true, claims: payload as TokenClaims };
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return { ok: false, reason: error.message };
    throw error;
  }
}
