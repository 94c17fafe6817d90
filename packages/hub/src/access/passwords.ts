import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);
/** Argon2id with OWASP's parameters: 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/** Hashes a password; the text holds parameters and salt (PHC form). */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await derive('argon2id', { message: password.normalize('NFKC'), nonce, tagLength: 32, ...COST });
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${bare(nonce)}$${bare(tag)}`;
}

/** Compares in constant time; a hash of an earlier form (scrypt) still opens, until the next sign-in replaces it. */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  const [, memory, passes, parallelism, salt = '', stored = ''] = PHC.exec(hash) ?? [];
  if (memory === undefined) {
    const { verifyPassword: verifyScrypt } = await import('better-auth/crypto');
    return verifyScrypt({ hash, password }).catch(() => false);
  }
  const expected = Buffer.from(stored, 'base64');
  const tag = await derive('argon2id', {
    message: password.normalize('NFKC'),
    nonce: Buffer.from(salt, 'base64'),
    tagLength: expected.length,
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
  });
  return tag.length === expected.length && timingSafeEqual(tag, expected);
}

/** Whether a hash was made with what counts as good enough now. */
export const isCurrent = (hash: string): boolean =>
  hash.startsWith(`$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$`);
