import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export type Secrets = {
  /** Encrypts text for the database (AES-256-GCM, random 96-bit nonce). `context` binds it to its place: a value moved elsewhere does not open. */
  seal(text: string, context: string): string;
  /** Reads what `seal` wrote, under this key or one before it; throws when the key or the context is another. */
  open(sealed: string, context: string): string;
  /** Whether it was sealed with the key that is used now; what was not is to be sealed again. */
  isCurrent(sealed: string, context: string): boolean;
  /** 32 bytes for one purpose (HKDF-SHA256 of the master key). */
  derive(label: string): Buffer;
  /** The same of the key that is used now and of those before it, in that order: what was handed out under them still counts. */
  deriveAll(label: string): Buffer[];
};

/** Whether a text has the form that `seal` gives. */
export const isSealed = (text: string): boolean => /^v1\.[A-Za-z0-9_-]{38,}$/.test(text);

/** Everything secret that the hub keeps hangs on one master key of 32 bytes or more (`ORRERY_SECRET`); `previous` ones only open. */
export function createSecrets(masterKey: string, previous: readonly string[] = []): Secrets {
  const masters = [masterKey, ...previous];
  if (masters.some((master) => Buffer.byteLength(master) < 32))
    throw new Error('the master key needs 32 bytes or more');
  const deriveAll = (label: string) =>
    masters.map((master) => Buffer.from(hkdfSync('sha256', master, 'orrery', label, 32)));
  const derive = (label: string) => deriveAll(label)[0] as Buffer;
  const keys = deriveAll('seal:v1');

  /** Which key opens it, and the text; undefined when none does. */
  function find(sealed: string, context: string): { index: number; text: string } | undefined {
    const [version, text] = sealed.split('.');
    if (version !== 'v1' || text === undefined) throw new Error('a sealed value has an unknown form');
    const bytes = Buffer.from(text, 'base64url');
    for (const [index, key] of keys.entries()) {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(12, 28));
      try {
        return {
          index,
          text: Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8'),
        };
      } catch {
        // Not this key; what no key opens is said below.
      }
    }
    return undefined;
  }

  return {
    derive,
    deriveAll,
    seal(text, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', keys[0] as Buffer, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(sealed, context) {
      const found = find(sealed, context);
      if (found) return found.text;
      throw new Error(
        `the stored secret "${context}" does not open: the master key is not the one that sealed it. Start with that ORRERY_SECRET (or the data folder's own \`secret\` file) again, or name it in ORRERY_SECRET_PREVIOUS.`,
      );
    },
    isCurrent: (sealed, context) => find(sealed, context)?.index === 0,
  };
}
