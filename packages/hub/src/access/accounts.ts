import { randomBytes } from 'node:crypto';
import type { Role } from '@orrery/protocol';
import { iso } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { newId } from '../platform/ids.ts';
import type { AccessTables } from './tables.ts';

/** 24 characters that nobody has to think of. */
export const newPassword = (): string => randomBytes(18).toString('base64url');

export type NewUser = {
  name: string;
  email: string;
  role: Role;
  /** null, and so by default, is staff. */
  tenant?: string | null;
  passwordHash: string;
  at: number;
};

/** Stores a person with a password; undefined when the e-mail address is taken. The hash is made before the transaction: it takes long. */
export async function insertUser(trx: Db, user: NewUser): Promise<{ id: string; email: string } | undefined> {
  const q = trx.withTables<AccessTables>();
  const at = iso(user.at);
  const stored = await q
    .insertInto('users')
    .values({
      id: newId('usr', user.at),
      name: user.name,
      email: user.email.toLowerCase(),
      email_verified: 0,
      image: null,
      role: user.role,
      tenant: user.tenant ?? null,
      created_at: at,
      updated_at: at,
    })
    .onConflict((c) => c.column('email').doNothing())
    .returning(['id', 'email'])
    .executeTakeFirst();
  if (!stored) return undefined;
  await q
    .insertInto('accounts')
    .values({
      id: newId('acc', user.at),
      account_id: stored.id,
      provider_id: 'credential',
      user_id: stored.id,
      password: user.passwordHash,
      created_at: at,
      updated_at: at,
    })
    .execute();
  return stored;
}
