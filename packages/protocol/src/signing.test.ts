import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { deriveProjectKey, signBody, verifyBody } from './signing.ts';

const now = new Date('2026-11-21T03:00:00Z');
const key = deriveProjectKey('m'.repeat(32), 'veria');
const body = '{"action":"cache.clear","requestedBy":"ana","requestId":"r1"}';
const headersOf = (given: Record<string, string>) => new Headers(given);

/** A generator with a seed (mulberry32), so that a failing mutation can be made again. */
function random(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe('signing', () => {
  it('is read by the reference library, and reads what it signs', () => {
    const headers = signBody([key], 'msg_1', new Date(), body);
    expect(new Webhook(key).verify(body, { ...headers })).toEqual(JSON.parse(body));
    const theirs = new Webhook(key).sign('msg_2', now, body);
    const verdict = verifyBody(
      [key],
      headersOf({
        'webhook-id': 'msg_2',
        'webhook-timestamp': String(now.getTime() / 1000),
        'webhook-signature': theirs,
      }),
      body,
      now,
    );
    expect(verdict).toEqual({ ok: true, id: 'msg_2', timestamp: now.getTime() / 1000 });
  });

  it('gives every project a key of its own, the same each time', () => {
    expect(deriveProjectKey('m'.repeat(32), 'veria')).toBe(key);
    expect(deriveProjectKey('m'.repeat(32), 'performia')).not.toBe(key);
    expect(Buffer.from(key, 'base64')).toHaveLength(32);
  });

  it('is accepted under the old and the new key while both are valid', () => {
    const [old, fresh] = [key, deriveProjectKey('n'.repeat(32), 'veria')];
    const headers = headersOf(signBody([old, fresh], 'msg_1', now, body));
    expect(verifyBody([old], headers, body, now).ok).toBe(true);
    expect(verifyBody([fresh], headers, body, now).ok).toBe(true);
    expect(verifyBody([fresh, old], headersOf(signBody([old], 'msg_1', now, body)), body, now).ok).toBe(true);
  });

  it('takes a secret as base64, as whsec_ and as plain text', () => {
    for (const secret of [key, `whsec_${key}`, 'a plain text secret of some length'])
      expect(verifyBody([secret], headersOf(signBody([secret], 'msg_1', now, body)), body, now).ok).toBe(true);
  });

  it.each([-301, 301])('is refused %i seconds off', (seconds) => {
    const headers = headersOf(signBody([key], 'msg_1', new Date(now.getTime() + seconds * 1000), body));
    expect(verifyBody([key], headers, body, now)).toMatchObject({ ok: false });
  });

  it.each([-300, 300])('is accepted %i seconds off', (seconds) => {
    const headers = headersOf(signBody([key], 'msg_1', new Date(now.getTime() + seconds * 1000), body));
    expect(verifyBody([key], headers, body, now).ok).toBe(true);
  });

  it('is refused after any change of one byte, in 10,000 tries', () => {
    const below = random(7);
    const good = signBody([key], 'msg_1', now, body);
    const parts = { body, ...good };
    const names = Object.keys(parts) as (keyof typeof parts)[];
    const accepted: string[] = [];
    for (let i = 0; i < 10_000; i++) {
      const name = names[below(names.length)] ?? 'body';
      const text = parts[name];
      const at = below(text.length);
      const replacement = String.fromCharCode(33 + below(94));
      if (text[at] === replacement) continue;
      const changed = { ...parts, [name]: text.slice(0, at) + replacement + text.slice(at + 1) };
      const { body: changedBody, ...headers } = changed;
      let verdict = false;
      try {
        verdict = verifyBody([key], headersOf(headers), changedBody, now).ok;
      } catch (error) {
        accepted.push(`threw on ${name}: ${String(error)}`);
      }
      if (verdict) accepted.push(`${name} at ${at} → ${replacement}`);
    }
    expect(accepted).toEqual([]);
  });

  it('is refused without a signature, with an empty one, and with a dot in its id', () => {
    const good = signBody([key], 'msg_1', now, body);
    expect(verifyBody([key], headersOf({ ...good, 'webhook-signature': '' }), body, now).ok).toBe(false);
    expect(verifyBody([key], headersOf({ ...good, 'webhook-signature': 'v1,' }), body, now).ok).toBe(false);
    expect(verifyBody([key], headersOf({}), body, now).ok).toBe(false);
    expect(() => signBody([key], 'a.b', now, body)).toThrow(/dot/);
    expect(verifyBody([key], headersOf({ ...good, 'webhook-id': 'a.b' }), body, now).ok).toBe(false);
  });
});
