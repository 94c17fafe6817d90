import { describe, expect, it } from 'vitest';
import { hashPassword, isCurrent, verifyPassword } from './passwords.ts';

describe('a password', () => {
  it('is kept as argon2id with the parameters that OWASP asks for, salted', async () => {
    const [one, other] = await Promise.all([hashPassword('a long pass phrase'), hashPassword('a long pass phrase')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(other);
    expect(await verifyPassword(one, 'a long pass phrase')).toBe(true);
    expect(await verifyPassword(one, 'a long pass phrasE')).toBe(false);
    expect(isCurrent(one)).toBe(true);
  });
  it('is the same however its letters were composed', async () => {
    expect(await verifyPassword(await hashPassword('caf\u00e9 au lait noir'), 'cafe\u0301 au lait noir')).toBe(true);
  });
  it('of an earlier form still opens, and is no longer current', async () => {
    const { hashPassword: scrypt } = await import('better-auth/crypto');
    const old = await scrypt('a long pass phrase');
    expect(await verifyPassword(old, 'a long pass phrase')).toBe(true);
    expect(await verifyPassword(old, 'another')).toBe(false);
    expect(isCurrent(old)).toBe(false);
  });
  it.each(['', 'x', '$argon2id$', '$argon2id$v=19$m=19456,t=2,p=1$$', 'a:b'])(
    'never opens with the broken hash %j',
    async (hash) => {
      expect(await verifyPassword(hash, '').catch(() => false)).toBe(false);
    },
  );
});
