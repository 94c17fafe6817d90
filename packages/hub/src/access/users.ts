import type { Role, UserPatch, UserView } from '@orrery/protocol';
import { type Clock, iso } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { audit } from './audit.ts';
import { authorize, mayGrant } from './authorize.ts';
import type { Caller } from './caller.ts';
import { storedRole } from './credential.ts';
import { endLinks, makeLink } from './links.ts';
import { dueMail, RESET_LINK_MS } from './mails.ts';
import type { AccessTables } from './tables.ts';
import { wrongField } from './ways.ts';

type UserRow = AccessTables['users'];
type Stored = Pick<UserRow, 'id' | 'name' | 'email' | 'role' | 'tenant' | 'created_at'> & {
  two_factor_enabled: number;
  disabled_at: number | null;
  last_seen_at: number | null;
};

const noUser = () => new HubError('not_found', 'No such person.');

/** Lets those pass who look after people: all of them, or those of the caller's own tenant. A key that is limited to some projects looks after nobody. */
export function authorizePeople(caller: Caller): void {
  authorize(caller, 'configure');
  if (caller.limited || (caller.tenant === null && caller.projects !== 'all'))
    throw new HubError('forbidden', 'This is about people of every project; the key is limited to some.');
}

export const looksAfter = (caller: Caller, tenant: string | null): boolean =>
  caller.tenant === null || caller.tenant === tenant;

/** Nobody gives, or takes over, more than they have. */
export function authorizeRole(caller: Caller, role: Role): void {
  if (!mayGrant(caller, role)) throw new HubError('forbidden', 'That role may do more than you may.');
}

/** Throws invalid for a tenant that nobody declared. */
export async function knownTenant(trx: Db, tenant: string | null): Promise<void> {
  if (tenant === null) return;
  const q = trx.withTables<AccessTables>();
  if (!(await q.selectFrom('tenants').select('id').where('id', '=', tenant).executeTakeFirst()))
    throw wrongField('tenant', 'is no tenant of this hub');
}

/** People: who there is, what they may do, and whether they may come in. `changed` is called after sessions have ended. */
export function createUsers(deps: {
  db: Db;
  clock: Clock;
  publicUrl: string;
  changed: () => void;
  mailReady: () => boolean;
  settleMails: () => void;
}) {
  const { db, clock } = deps;

  async function views(trx: Db, rows: Stored[]): Promise<UserView[]> {
    const q = trx.withTables<AccessTables>();
    const ways = new Map<string, Set<UserView['signIn'][number]>>();
    const add = (id: string, way: UserView['signIn'][number]) => ways.set(id, (ways.get(id) ?? new Set()).add(way));
    for (const row of await q.selectFrom('accounts').select(['user_id', 'provider_id']).execute())
      add(row.user_id, row.provider_id === 'credential' ? 'password' : 'oidc');
    for (const row of await q.selectFrom('passkeys').select('user_id').distinct().execute())
      add(row.user_id, 'passkey');
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      email: row.email,
      role: storedRole(row.role),
      tenant: row.tenant,
      signIn: [...(ways.get(row.id) ?? [])],
      secondFactor: row.two_factor_enabled === 1,
      createdAt: row.created_at,
      ...(row.last_seen_at === null ? {} : { lastSeenAt: iso(row.last_seen_at) }),
      ...(row.disabled_at === null ? {} : { disabledAt: iso(row.disabled_at) }),
    }));
  }

  /** The row of somebody whom the caller looks after. */
  async function rowOf(trx: Db, caller: Caller, id: string): Promise<Stored> {
    const row = /^[A-Za-z0-9_-]{1,64}$/.test(id)
      ? await trx.withTables<AccessTables>().selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
      : undefined;
    if (!row || !looksAfter(caller, row.tenant)) throw noUser();
    return row;
  }
  const viewOf = async (trx: Db, row: Stored): Promise<UserView> => {
    const [view] = await views(trx, [row]);
    if (!view) throw noUser();
    return view;
  };

  /** Refuses to leave the hub without anybody who may configure it. */
  async function someoneStays(trx: Db, before: Stored, after: Pick<Stored, 'role' | 'tenant' | 'disabled_at'>) {
    const rules = (row: Pick<Stored, 'role' | 'tenant' | 'disabled_at'>) =>
      row.role === 'admin' && row.tenant === null && row.disabled_at === null;
    if (!rules(before) || rules(after)) return;
    const others = await trx
      .withTables<AccessTables>()
      .selectFrom('users')
      .select('id')
      .where('role', '=', 'admin')
      .where('tenant', 'is', null)
      .where('disabled_at', 'is', null)
      .where('id', '!=', before.id)
      .executeTakeFirst();
    if (!others) throw new HubError('conflict', 'This is the last administrator; make another one first.');
  }

  return {
    /** The people whom the caller looks after, by name. */
    async list(caller: Caller): Promise<{ items: UserView[] }> {
      authorizePeople(caller);
      let query = db.withTables<AccessTables>().selectFrom('users').selectAll().orderBy('name').orderBy('id');
      if (caller.tenant !== null) query = query.where('tenant', '=', caller.tenant);
      return { items: await views(db, await query.execute()) };
    },

    /** Changes role, tenant or whether somebody may come in; each ends all of their sessions at once. */
    async update(caller: Caller, id: string, patch: UserPatch): Promise<UserView> {
      authorizePeople(caller);
      const at = clock.now();
      const view = await inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        // One after the other: of two administrators who demote each other at once, one stays.
        await q
          .updateTable('setup')
          .set((eb) => ({ used_at: eb.ref('used_at') }))
          .execute();
        const row = await rowOf(trx, caller, id);
        authorizeRole(caller, storedRole(row.role));
        const role = patch.role ?? row.role;
        const tenant = patch.tenant === undefined ? row.tenant : patch.tenant;
        const disabled_at =
          patch.disabled === undefined ? row.disabled_at : patch.disabled ? (row.disabled_at ?? at) : null;
        if (patch.role !== undefined) authorizeRole(caller, patch.role);
        if (!looksAfter(caller, tenant)) throw wrongField('tenant', 'is not yours to give');
        if (tenant !== row.tenant) await knownTenant(trx, tenant);
        if (patch.disabled && caller.kind === 'user' && caller.id === id)
          throw new HubError('conflict', 'Nobody disables themselves.');
        const before = await viewOf(trx, row);
        if (role === row.role && tenant === row.tenant && disabled_at === row.disabled_at) return before;
        await someoneStays(trx, row, { role, tenant, disabled_at });
        const changedRow = await q
          .updateTable('users')
          .set({ role, tenant, disabled_at, updated_at: iso(at) })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        await q.deleteFrom('sessions').where('user_id', '=', id).execute();
        if (disabled_at !== null) await endLinks(trx, 'reset', id);
        const after = await viewOf(trx, changedRow);
        const said = ({ role, tenant, disabledAt }: UserView) => ({ role, tenant, disabled: disabledAt !== undefined });
        await audit(trx, { caller, verb: 'users.update', target: id, before: said(before), after: said(after), at });
        return after;
      });
      deps.changed();
      return view;
    },

    /** A link by which somebody sets a new password, shown once; by mail too where there is a server. */
    async resetLink(caller: Caller, id: string) {
      authorizePeople(caller);
      const at = clock.now();
      const expiresAt = at + RESET_LINK_MS;
      const mailed = deps.mailReady();
      const token = await inTransaction(db, async (trx) => {
        const row = await rowOf(trx, caller, id);
        authorizeRole(caller, storedRole(row.role));
        if (row.disabled_at !== null) throw new HubError('conflict', 'This person is disabled.');
        const account = await trx
          .withTables<AccessTables>()
          .selectFrom('accounts')
          .select('id')
          .where('user_id', '=', id)
          .where('provider_id', '=', 'credential')
          .executeTakeFirst();
        if (!account)
          throw new HubError('conflict', 'This person signs in by the identity provider and has no password here.');
        if (mailed) await dueMail(trx, 'reset', row.email, at);
        await audit(trx, { caller, verb: 'users.resetLink', target: id, at });
        return makeLink(trx, 'reset', id, expiresAt);
      });
      deps.settleMails();
      return { link: new URL(`/reset?token=${token}`, deps.publicUrl).href, expiresAt: iso(expiresAt), mailed };
    },

    /** Takes second factor and passkeys from somebody who has lost them, and ends their sessions. */
    async clearFactors(caller: Caller, id: string): Promise<UserView> {
      authorizePeople(caller);
      const at = clock.now();
      const view = await inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        const row = await rowOf(trx, caller, id);
        authorizeRole(caller, storedRole(row.role));
        await q.deleteFrom('two_factors').where('user_id', '=', id).execute();
        await q.deleteFrom('passkeys').where('user_id', '=', id).execute();
        await q.deleteFrom('sessions').where('user_id', '=', id).execute();
        const changedRow = await q
          .updateTable('users')
          .set({ two_factor_enabled: 0, updated_at: iso(at) })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        await audit(trx, { caller, verb: 'users.clearFactors', target: id, at });
        return viewOf(trx, changedRow);
      });
      deps.changed();
      return view;
    },
  };
}
