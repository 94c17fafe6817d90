import type { Db } from '../platform/db.ts';
import { inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { audit } from './audit.ts';
import type { Caller } from './caller.ts';
import type { AccessTables } from './tables.ts';

/** The library's refusals as ours: what it says of a caller's mistake stays a mistake, everything else is a surprise. */
export async function ours<T>(work: Promise<T>, refusal: (status: number, message: string) => HubError): Promise<T> {
  const { isAPIError } = await import('better-auth/api');
  try {
    return await work;
  } catch (error) {
    if (isAPIError(error) && error.statusCode < 500) throw refusal(error.statusCode, error.message);
    throw error;
  }
}

export const wrongField = (field: string, reason: string): HubError =>
  new HubError('invalid', `${field} ${reason}.`, { fields: [{ field, reason }] });

/** A person who is signed in here; keys, tokens and the hub itself have neither sessions nor factors. */
export function personOf(caller: Caller): { id: string; email: string } {
  if (caller.kind === 'user' && caller.email !== undefined) return { id: caller.id, email: caller.email };
  throw new HubError('forbidden', 'Only a person who is signed in has sessions, a password and factors.');
}

/** Writes down that somebody came in, and how. */
export const auditOpened = (db: Db, caller: Caller, userId: string, how: string, at: number): Promise<void> =>
  inTransaction(db, async (trx) => {
    const user = await trx
      .withTables<AccessTables>()
      .selectFrom('users')
      .select(['id', 'name'])
      .where('id', '=', userId)
      .executeTakeFirstOrThrow();
    const by: Caller = { ...caller, kind: 'user', id: user.id, name: user.name };
    await audit(trx, { caller: by, verb: 'sessions.open', target: user.id, after: { by: how }, at });
  });
