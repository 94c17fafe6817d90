import type { InvitationAccept, InvitationInput, InvitationView } from '@orrery/protocol';
import { InvitationInput as Input } from '@orrery/protocol';
import { type Clock, iso } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { insertUser } from './accounts.ts';
import { audit } from './audit.ts';
import type { Caller } from './caller.ts';
import { storedRole } from './credential.ts';
import { badLink, endLinks, makeLink, subjectOf } from './links.ts';
import { dueMail } from './mails.ts';
import { hashPassword } from './passwords.ts';
import type { AccessTables, InvitationRow } from './tables.ts';
import { plainText } from './text.ts';
import { authorizePeople, authorizeRole, knownTenant, looksAfter } from './users.ts';
import { wrongField } from './ways.ts';

const DAY_MS = 86_400_000;

const stateOf = (row: InvitationRow, now: number): InvitationView['state'] => {
  if (row.accepted_at !== null) return 'accepted';
  if (row.revoked_at !== null) return 'revoked';
  return row.expires_at <= now ? 'expired' : 'open';
};

const viewOf = (row: InvitationRow, now: number): InvitationView => ({
  id: row.id,
  email: row.email,
  role: storedRole(row.role),
  tenant: row.tenant,
  invitedBy: row.invited_by,
  createdAt: iso(row.created_at),
  expiresAt: iso(row.expires_at),
  state: stateOf(row, now),
});

/** Invitations: a link that makes one account of a stated role. */
export function createInvitations(deps: {
  db: Db;
  clock: Clock;
  publicUrl: string;
  mailReady: () => boolean;
  settleMails: () => void;
}) {
  const { db, clock } = deps;
  const tables = db.withTables<AccessTables>();

  /** The open invitation that a token leads to; throws badLink for every other. */
  async function openOf(trx: Db, token: string): Promise<InvitationRow> {
    const now = clock.now();
    const id = await subjectOf(trx, 'invitation', token, now);
    const row = await trx
      .withTables<AccessTables>()
      .selectFrom('invitations')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row || stateOf(row, now) !== 'open') throw badLink();
    return row;
  }

  return {
    /** Those of the people whom the caller looks after, newest first. */
    async list(caller: Caller): Promise<{ items: InvitationView[] }> {
      authorizePeople(caller);
      let query = tables.selectFrom('invitations').selectAll().orderBy('created_at', 'desc').orderBy('id').limit(500);
      if (caller.tenant !== null) query = query.where('tenant', '=', caller.tenant);
      const now = clock.now();
      return { items: (await query.execute()).map((row) => viewOf(row, now)) };
    },

    /** Invites an address; the answer is the only one that holds the link. A new invitation takes the place of an open one. */
    async create(caller: Caller, input: InvitationInput) {
      authorizePeople(caller);
      const parsed = Input.parse(input);
      const email = parsed.email.toLowerCase();
      authorizeRole(caller, parsed.role);
      const tenant = parsed.tenant ?? caller.tenant;
      if (!looksAfter(caller, tenant)) throw wrongField('tenant', 'is not yours to give');
      const at = clock.now();
      const row: InvitationRow = {
        id: newId('inv', at),
        email,
        role: parsed.role,
        tenant,
        invited_by: caller.name,
        created_at: at,
        expires_at: at + parsed.expiresInDays * DAY_MS,
        accepted_at: null,
        revoked_at: null,
      };
      const mailed = deps.mailReady();
      const token = await inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        await knownTenant(trx, tenant);
        if (await q.selectFrom('users').select('id').where('email', '=', email).executeTakeFirst())
          throw new HubError('conflict', `${email} has an account already.`);
        await q
          .updateTable('invitations')
          .set({ revoked_at: at })
          .where('email', '=', email)
          .where('accepted_at', 'is', null)
          .where('revoked_at', 'is', null)
          .execute();
        await q.insertInto('invitations').values(row).execute();
        if (mailed) await dueMail(trx, 'invitation', row.id, at);
        const after = { email, role: row.role, tenant };
        await audit(trx, { caller, verb: 'users.invite', target: row.id, after, at });
        return makeLink(trx, 'invitation', row.id, row.expires_at);
      });
      deps.settleMails();
      const link = new URL(`/invite?token=${token}`, deps.publicUrl).href;
      return { ...viewOf(row, at), link, mailed };
    },

    /** Ends an open invitation; not_found for one the caller does not see, conflict for one that is over. */
    async revoke(caller: Caller, id: string): Promise<InvitationView> {
      authorizePeople(caller);
      const at = clock.now();
      return inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        const row = /^[A-Za-z0-9_-]{1,64}$/.test(id)
          ? await q.selectFrom('invitations').selectAll().where('id', '=', id).executeTakeFirst()
          : undefined;
        if (!row || !looksAfter(caller, row.tenant)) throw new HubError('not_found', 'No such invitation.');
        const ended = await q
          .updateTable('invitations')
          .set({ revoked_at: at })
          .where('id', '=', id)
          .where('accepted_at', 'is', null)
          .where('revoked_at', 'is', null)
          .returningAll()
          .executeTakeFirst();
        if (!ended) throw new HubError('conflict', 'This invitation is over already.');
        await endLinks(trx, 'invitation', id);
        await audit(trx, { caller, verb: 'users.inviteRevoke', target: id, at });
        return viewOf(ended, at);
      });
    },

    /** Whom a link invites; throws one answer for every link that is not good. */
    async look(token: string): Promise<Pick<InvitationView, 'email' | 'role' | 'expiresAt'>> {
      const { email, role, expiresAt } = viewOf(await openOf(db, token), clock.now());
      return { email, role, expiresAt };
    },

    /** Makes the account. Of two at once one wins; the other hears what everybody hears whose link is not good. */
    async accept(caller: Caller, input: InvitationAccept): Promise<{ email: string }> {
      const name = plainText(input.name, 'name');
      // Before anything is looked up: a link that is not good takes as long as one that is.
      const passwordHash = await hashPassword(input.password);
      return inTransaction(db, async (trx) => {
        const row = await openOf(trx, input.token);
        const at = clock.now();
        const { numUpdatedRows } = await trx
          .withTables<AccessTables>()
          .updateTable('invitations')
          .set({ accepted_at: at })
          .where('id', '=', row.id)
          .where('accepted_at', 'is', null)
          .where('revoked_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) throw badLink();
        await endLinks(trx, 'invitation', row.id);
        const role = storedRole(row.role);
        const user = await insertUser(trx, { name, email: row.email, role, tenant: row.tenant, passwordHash, at });
        if (!user) throw badLink();
        const after = { email: user.email, role, tenant: row.tenant, invitation: row.id };
        await audit(trx, { caller, verb: 'users.accept', target: user.id, after, at });
        return { email: user.email };
      });
    },
  };
}
