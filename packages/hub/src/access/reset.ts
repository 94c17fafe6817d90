import { type Clock, iso } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { audit } from './audit.ts';
import type { Caller } from './caller.ts';
import { badLink, endLinks, subjectOf } from './links.ts';
import type { Lockout } from './lockout.ts';
import { dueMail } from './mails.ts';
import { hashPassword } from './passwords.ts';
import type { AccessTables } from './tables.ts';

/** A new password for somebody who has forgotten theirs. */
export function createReset(deps: {
  db: Db;
  clock: Clock;
  lockout: Lockout;
  changed: () => void;
  settleMails: () => void;
}) {
  const { db, clock } = deps;
  return {
    /** Takes down the wish, and answers. Whether the address has an account is looked at afterwards, when nobody waits for it. */
    async ask(email: string): Promise<void> {
      await inTransaction(db, (trx) => dueMail(trx, 'reset', email.toLowerCase(), clock.now()));
      setImmediate(deps.settleMails);
    },

    /** Sets the password by a link, and ends every session and every other link of the person. A second factor stays. */
    async set(caller: Caller, { token, password }: { token: string; password: string }): Promise<void> {
      const hash = await hashPassword(password);
      const at = clock.now();
      const email = await inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        const userId = await subjectOf(trx, 'reset', token, at);
        const user = await q
          .selectFrom('users')
          .select(['id', 'name', 'email'])
          .where('id', '=', userId)
          .where('disabled_at', 'is', null)
          .executeTakeFirst();
        // Of two at once one takes the links away; the other finds none.
        if (!user || (await endLinks(trx, 'reset', userId)) === 0n) throw badLink();
        const { numUpdatedRows } = await q
          .updateTable('accounts')
          .set({ password: hash, updated_at: iso(at) })
          .where('user_id', '=', userId)
          .where('provider_id', '=', 'credential')
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) throw badLink();
        await q.deleteFrom('sessions').where('user_id', '=', userId).execute();
        const by: Caller = { ...caller, kind: 'user', id: user.id, name: user.name };
        await audit(trx, { caller: by, verb: 'users.passwordReset', target: userId, at });
        return user.email;
      });
      deps.changed();
      await deps.lockout.succeeded(email, undefined);
    },
  };
}
