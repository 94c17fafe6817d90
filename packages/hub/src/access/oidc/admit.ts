import { type Clock, iso } from '../../platform/clock.ts';
import { type Db, inTransaction } from '../../platform/db.ts';
import { newId } from '../../platform/ids.ts';
import { audit } from '../audit.ts';
import { type Caller, systemCaller } from '../caller.ts';
import type { AccessTables } from '../tables.ts';
import type { Identity } from './claims.ts';
import { OIDC_PROVIDER, oidcAccount } from './settings.ts';

export type Admitted = { ok: true; userId: string; ended: boolean } | { ok: false; reason: string };

/**
 * The person behind an identity: known by issuer and subject, else made anew. Role and tenant are the provider's to say, at every sign-in; a
 * change ends the sessions from before. A local account of the same address is taken over only where the configuration allows it.
 */
export async function admit(
  deps: { db: Db; clock: Clock; linkVerifiedEmail: boolean },
  caller: Caller,
  issuer: string,
  identity: Identity,
): Promise<Admitted> {
  const at = deps.clock.now();
  const by: Caller = { ...systemCaller('identity provider'), ...(caller.ip ? { ip: caller.ip } : {}) };
  const account = { provider_id: OIDC_PROVIDER, account_id: oidcAccount(issuer, identity.subject) };
  const { name, role, tenant, email } = identity;
  return inTransaction(deps.db, async (trx): Promise<Admitted> => {
    const q = trx.withTables<AccessTables>();
    if (tenant !== null) {
      const known = await q.selectFrom('tenants').select('id').where('id', '=', tenant).executeTakeFirst();
      if (!known) return { ok: false, reason: 'the tenant is unknown here' };
    }
    const addAccount = (userId: string) =>
      q
        .insertInto('accounts')
        .values({
          id: newId('acc', at),
          ...account,
          user_id: userId,
          password: null,
          created_at: iso(at),
          updated_at: iso(at),
        })
        .execute();
    let user = await q
      .selectFrom('users')
      .innerJoin('accounts', 'accounts.user_id', 'users.id')
      .select(['users.id', 'users.role', 'users.tenant', 'users.name', 'users.disabled_at'])
      .where('accounts.provider_id', '=', account.provider_id)
      .where('accounts.account_id', '=', account.account_id)
      .executeTakeFirst();
    if (!user) {
      if (email === undefined) return { ok: false, reason: 'the provider gives no e-mail address' };
      const values = { name, email, email_verified: identity.emailVerified ? 1 : 0, image: null, role, tenant };
      const made = await q
        .insertInto('users')
        .values({ id: newId('usr', at), ...values, created_at: iso(at), updated_at: iso(at) })
        .onConflict((c) => c.column('email').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (made) {
        await addAccount(made.id);
        await audit(trx, { caller: by, verb: 'users.arrive', target: made.id, after: { email, role, tenant }, at });
        return { ok: true, userId: made.id, ended: false };
      }
      if (!deps.linkVerifiedEmail || !identity.emailVerified)
        return { ok: false, reason: 'the address belongs to a local account' };
      user = await q
        .selectFrom('users')
        .select(['id', 'role', 'tenant', 'name', 'disabled_at'])
        .where('email', '=', email)
        .executeTakeFirstOrThrow();
      if (user.disabled_at === null) {
        await addAccount(user.id);
        await audit(trx, { caller: by, verb: 'users.link', target: user.id, after: { email }, at });
      }
    }
    if (user.disabled_at !== null) return { ok: false, reason: 'the person was disabled here' };
    if (user.role === role && user.tenant === tenant && user.name === name)
      return { ok: true, userId: user.id, ended: false };
    const ended = user.role !== role || user.tenant !== tenant;
    await q
      .updateTable('users')
      .set({ name, role, tenant, updated_at: iso(at) })
      .where('id', '=', user.id)
      .execute();
    if (ended) {
      await q.deleteFrom('sessions').where('user_id', '=', user.id).execute();
      const before = { role: user.role, tenant: user.tenant };
      await audit(trx, { caller: by, verb: 'users.update', target: user.id, before, after: { role, tenant }, at });
    }
    return { ok: true, userId: user.id, ended };
  });
}
