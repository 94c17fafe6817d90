import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export type Secrets = {
  /** Encrypts text for the database (AES-256-GCM, random 96-bit nonce). `context` binds it to its place: a value moved elsewhere does not open. */
  seal(text: string, context: string): string;
  /** Reads what `seal` wrote; throws when the key or the context is another. */
  open(sealed: string, context: string): string;
  /** 32 bytes for one purpose (HKDF-SHA256 of the master key). */
  derive(label: string): Buffer;
};

/** Everything secret that the hub keeps hangs on one master key of 32 bytes or more (`ORRERY_SECRET`). */
export function createSecrets(masterKey: string): Secrets {
  if (Buffer.byteLength(masterKey) < 32) throw new Error('the master key needs 32 bytes or more');
  const derive = (label: string) => Buffer.from(hkdfSync('sha256', masterKey, 'orrery', label, 32));
  const key = derive('seal:v1');
  return {
    derive,
    seal(text, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(sealed, context) {
      const [version, text] = sealed.split('.');
      if (version !== 'v1' || text === undefined) throw new Error('a sealed value has an unknown form');
      const bytes = Buffer.from(text, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(12, 28));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new Error(
          `the stored secret "${context}" does not open: the master key is not the one that sealed it. Start with that ORRERY_SECRET (or the data folder's own \`secret\` file) again.`,
          { cause },
        );
      }
    },
  };
}
