import type { Db } from '../platform/db.ts';
import { OIDC_PROVIDER, oidcAccount } from './oidc/index.ts';
import type { AccessTables } from './tables.ts';

/** Whether the person whom the provider calls so was disabled here. */
export async function isDisabled(db: Db, issuer: string, subject: string): Promise<boolean> {
  const row = await db
    .withTables<AccessTables>()
    .selectFrom('accounts')
    .innerJoin('users', 'users.id', 'accounts.user_id')
    .select('users.disabled_at')
    .where('accounts.provider_id', '=', OIDC_PROVIDER)
    .where('accounts.account_id', '=', oidcAccount(issuer, subject))
    .executeTakeFirst();
  return row !== undefined && row.disabled_at !== null;
}
