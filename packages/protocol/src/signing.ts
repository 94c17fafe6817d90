import { hkdfSync, timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** How far a signed request's clock may be from ours, in seconds (Standard Webhooks; the library enforces the same five minutes). */
export const SIGNATURE_TOLERANCE_SECONDS = 300;

export type SignatureHeaders = { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string };
export type Verification = { ok: true; id: string; timestamp: number } | { ok: false; reason: string };

/** Derives one project's 32-byte signing key from the mesh key (HKDF-SHA256, RFC 5869; salt `orrery-mesh`, info = the slug). Returns base64. */
export function deriveProjectKey(meshKey: string, slug: string): string {
  return Buffer.from(hkdfSync('sha256', meshKey, 'orrery-mesh', `project:${slug}`, 32)).toString('base64');
}

/** Reads a secret in any form people paste (whsec_…, base64, plain text) into what the library takes. */
function normalise(secret: string): string {
  if (secret.startsWith('whsec_')) return secret;
  const bytes = Buffer.from(secret, 'base64');
  const isBase64 = bytes.length >= 24 && bytes.toString('base64').replace(/=+$/, '') === secret.replace(/=+$/, '');
  return isBase64 ? secret : Buffer.from(secret, 'utf8').toString('base64');
}

/** Signs a body under one or more secrets (several during a key rotation); the signatures stand in one header, separated by spaces. */
export function signBody(secrets: readonly string[], id: string, at: Date, body: string): SignatureHeaders {
  if (secrets.length === 0) throw new Error('signBody needs at least one secret');
  if (id.includes('.')) throw new Error('a webhook id must not hold a dot');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(normalise(secret)).sign(id, at, body)).join(' '),
  };
}

/** Checks id, time and signature of a raw body against any of the secrets. It never says which part was wrong to the sender: `reason` is for our own log. */
export function verifyBody(
  secrets: readonly string[],
  headers: { get(name: string): string | null },
  body: string,
  now: Date,
): Verification {
  const id = headers.get('webhook-id') ?? '';
  const timestamp = headers.get('webhook-timestamp') ?? '';
  const signature = headers.get('webhook-signature') ?? '';
  if (!id || id.length > 256 || id.includes('.')) return { ok: false, reason: 'webhook-id is missing or malformed' };
  if (!/^\d{1,12}$/.test(timestamp)) return { ok: false, reason: 'webhook-timestamp is missing or malformed' };
  const seconds = Number(timestamp);
  if (Math.abs(now.getTime() / 1000 - seconds) > SIGNATURE_TOLERANCE_SECONDS)
    return { ok: false, reason: 'webhook-timestamp is outside the tolerance' };
  if (!signature || signature.length > 4096) return { ok: false, reason: 'webhook-signature is missing' };
  const given = signature
    .split(' ')
    .filter((part) => part.startsWith('v1,'))
    .map((part) => Buffer.from(part.slice(3), 'utf8'));
  const at = new Date(seconds * 1000);
  let matched = false;
  for (const secret of secrets) {
    const expected = Buffer.from(new Webhook(normalise(secret)).sign(id, at, body).slice(3), 'utf8');
    for (const candidate of given)
      if (candidate.length === expected.length && timingSafeEqual(candidate, expected)) matched = true;
  }
  return matched ? { ok: true, id, timestamp: seconds } : { ok: false, reason: 'webhook-signature does not match' };
}
