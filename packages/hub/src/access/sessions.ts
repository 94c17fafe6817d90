import { type Clock, iso } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Asking } from '../platform/http/seen.ts';
import type { Log } from '../platform/log.ts';
import { audit } from './audit.ts';
import { type Auth, headersFor, sessionCookie, sessionCookieName } from './auth.ts';
import type { Caller } from './caller.ts';
import { type Known, storedRole } from './credential.ts';
import type { Lockout } from './lockout.ts';
import { foreignPage, sameOrigin } from './origin.ts';
import { hashPassword, isCurrent, verifyPassword } from './passwords.ts';
import type { Rights } from './rights.ts';
import type { AccessTables } from './tables.ts';
import { auditOpened, wrongField } from './ways.ts';

export type SignIn = { email: string; password: string; rememberMe?: boolean | undefined };
export type PasswordChange = { currentPassword: string; newPassword: string };
export type SessionView = {
  id: string;
  current: boolean;
  createdAt: string;
  expiresAt: string;
  ipAddress?: string;
  userAgent?: string;
};
type SessionOf = (request: Request) => Promise<Known | undefined>;

const LONGEST_COOKIE = 1024;
const SEEN_EVERY_MS = 5 * 60_000;
/** One sentence for every reason: it does not say whether the address has an account. */
const refused = () => new HubError('unauthorized', 'The e-mail address or the password is wrong.');

/** Sign-in, sign-out and passwords. Each answer is the headers that set or clear the cookie. `changed` is called after sessions have ended. */
export function createSessions(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  auth: () => Promise<Auth>;
  lockout: Lockout;
  rights: Rights;
  publicUrl: string;
  changed: () => void;
  /** The session that a request came in with, as `find` gives it. */
  sessionOf: SessionOf;
}) {
  const { db, clock, lockout } = deps;
  const cookieName = sessionCookieName(deps.publicUrl);
  const seenAt = new Map<string, number>();
  const writing = new Set<Promise<unknown>>();

  /** `pending`: the password was right, and a second factor is asked for before there is a session. */
  async function open(
    request: Request,
    ip: string | undefined,
    input: SignIn,
  ): Promise<{ headers: Headers; pending: boolean }> {
    const auth = await deps.auth();
    const { isAPIError } = await import('better-auth/api');
    try {
      const { headers, response } = await auth.api.signInEmail({
        body: { email: input.email, password: input.password, rememberMe: input.rememberMe ?? true },
        headers: headersFor(request, ip),
        returnHeaders: true,
      });
      return { headers, pending: 'twoFactorRedirect' in response };
    } catch (error) {
      if (isAPIError(error) && error.statusCode < 500) throw refused();
      throw error;
    }
  }

  /** Written once in five minutes at most, and never waited for. */
  function seen(userId: string): void {
    const now = clock.now();
    if ((seenAt.get(userId) ?? 0) > now - SEEN_EVERY_MS) return;
    seenAt.set(userId, now);
    const write = db
      .withTables<AccessTables>()
      .updateTable('users')
      .set({ last_seen_at: now })
      .where('id', '=', userId)
      .execute()
      .catch((error: unknown) => deps.log.warn({ err: error }, 'when somebody was seen could not be written'))
      .finally(() => writing.delete(write));
    writing.add(write);
  }

  /** A hash of an earlier form gives way to one of today; somebody who sets a password meanwhile wins. */
  async function rehash(userId: string, old: string, password: string): Promise<void> {
    await db
      .withTables<AccessTables>()
      .updateTable('accounts')
      .set({ password: await hashPassword(password) })
      .where('user_id', '=', userId)
      .where('password', '=', old)
      .execute();
  }

  /** Deletes sessions of the caller and writes it down; says how many there were. */
  const end = (caller: Caller, verb: string, id?: string): Promise<number> =>
    inTransaction(db, async (trx) => {
      let query = trx.withTables<AccessTables>().deleteFrom('sessions').where('user_id', '=', caller.id);
      if (id !== undefined) query = query.where('id', '=', id);
      const ended = await query.returning('id').execute();
      if (ended.length > 0) await audit(trx, { caller, verb, target: id ?? caller.id, at: clock.now() });
      return ended.length;
    });

  async function cleared(request: Request, caller: Caller): Promise<Headers> {
    const auth = await deps.auth();
    return (await auth.api.signOut({ headers: headersFor(request, caller.ip), returnHeaders: true })).headers;
  }

  return {
    cookieOf(request: Asking): string | undefined {
      const cookie = sessionCookie(request, cookieName);
      return cookie === undefined || cookie.length > LONGEST_COOKIE ? undefined : cookie;
    },

    /** The person behind the request's cookie; undefined when it is forged, ended or too old. Writes nothing. */
    async find(request: Asking): Promise<Known | undefined> {
      const auth = await deps.auth();
      const found = await auth.api.getSession({
        headers: headersFor(request, undefined),
        query: { disableRefresh: true },
      });
      if (!found) return undefined;
      const { id, name, email, role, tenant } = found.user;
      const { caller, rights } = await deps.rights.callerOf({
        kind: 'user',
        id,
        name,
        email,
        roles: [storedRole(role)],
        tenant: tenant ?? null,
        projects: 'all',
      });
      seen(found.user.id);
      return {
        caller,
        credential: { kind: 'session', id: found.session.id, rights, expiresAt: found.session.expiresAt.getTime() },
      };
    },

    /** Moves the session's end when a day has passed since it was last moved; the headers carry the cookie's new age. */
    async refresh(request: Request): Promise<Headers> {
      const auth = await deps.auth();
      return (await auth.api.getSession({ headers: headersFor(request, undefined), returnHeaders: true })).headers;
    },

    /** Throws unauthorized with one answer for every reason, rate_limited while the account or the address has to wait. */
    async signIn(caller: Caller, request: Request, input: SignIn): Promise<{ headers: Headers; pending: boolean }> {
      // A foreign page must not sign a person in to somebody else's account either.
      if (!sameOrigin(request, deps.publicUrl)) throw foreignPage();
      const { ip } = caller;
      await lockout.charge(input.email, ip);
      const opened = await open(request, ip, input).catch((error: unknown) => {
        deps.log.warn({ ip }, 'a sign-in was refused');
        throw error;
      });
      await lockout.succeeded(input.email, ip);
      const { id, password: hash } = await db
        .withTables<AccessTables>()
        .selectFrom('users')
        .innerJoin('accounts', 'accounts.user_id', 'users.id')
        .select(['users.id', 'accounts.password'])
        .where('users.email', '=', input.email.toLowerCase())
        .where('accounts.provider_id', '=', 'credential')
        .executeTakeFirstOrThrow();
      if (hash !== null && !isCurrent(hash)) await rehash(id, hash, input.password);
      if (!opened.pending) await auditOpened(db, caller, id, 'password', clock.now());
      return opened;
    },

    /** Ends the request's session in the database, then in the browser. */
    async signOut(caller: Caller, request: Request): Promise<Headers> {
      const known = await deps.sessionOf(request);
      if (known?.credential) {
        await end({ ...known.caller, ...(caller.ip ? { ip: caller.ip } : {}) }, 'sessions.end', known.credential.id);
        deps.changed();
      }
      return cleared(request, caller);
    },

    /** Sets a new password, ends every session of the person and opens one for this browser. */
    async changePassword(caller: Caller, request: Request, input: PasswordChange) {
      const email = personal(caller);
      const { ip } = caller;
      await lockout.charge(email, ip);
      const account = await db
        .withTables<AccessTables>()
        .selectFrom('accounts')
        .select(['id', 'password'])
        .where('user_id', '=', caller.id)
        .where('provider_id', '=', 'credential')
        .executeTakeFirst();
      const old = account?.password ?? undefined;
      if (!account || old === undefined || !(await verifyPassword(old, input.currentPassword)))
        throw wrongField('currentPassword', 'is not the current password');
      if (input.newPassword === input.currentPassword)
        throw wrongField('newPassword', 'must differ from the current one');
      const password = await hashPassword(input.newPassword);
      const at = clock.now();
      await inTransaction(db, async (trx) => {
        const q = trx.withTables<AccessTables>();
        const { numUpdatedRows } = await q
          .updateTable('accounts')
          .set({ password, updated_at: iso(at) })
          .where('id', '=', account.id)
          .where('password', '=', old)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n)
          throw new HubError('conflict', 'The password was changed by somebody else just now.');
        await q.deleteFrom('sessions').where('user_id', '=', caller.id).execute();
        await audit(trx, { caller, verb: 'users.password', target: caller.id, at });
      });
      deps.changed();
      await lockout.succeeded(email, ip);
      return open(request, ip, { email, password: input.newPassword });
    },

    /** The caller's own sessions that are still good, newest first. */
    async listSessions(caller: Caller, request: Request): Promise<{ items: SessionView[] }> {
      personal(caller);
      const current = (await deps.sessionOf(request))?.credential?.id;
      const rows = await db
        .withTables<AccessTables>()
        .selectFrom('sessions')
        .selectAll()
        .where('user_id', '=', caller.id)
        .where('expires_at', '>', iso(clock.now()))
        .orderBy('created_at', 'desc')
        .execute();
      const items = rows.map((row) => ({
        id: row.id,
        current: row.id === current,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        ...(row.ip_address ? { ipAddress: row.ip_address } : {}),
        ...(row.user_agent ? { userAgent: row.user_agent } : {}),
      }));
      return { items };
    },

    /** Ends one of the caller's own sessions; not_found for any other. */
    async revokeSession(caller: Caller, id: string): Promise<void> {
      personal(caller);
      const known = /^[A-Za-z0-9_-]{1,64}$/.test(id);
      if (!known || (await end(caller, 'sessions.revoke', id)) === 0)
        throw new HubError('not_found', 'No such session.');
      deps.changed();
    },

    /** Ends all of the caller's sessions, this one too. */
    async revokeSessions(caller: Caller, request: Request): Promise<Headers> {
      personal(caller);
      await end(caller, 'sessions.revokeAll');
      deps.changed();
      return cleared(request, caller);
    },

    /** Waits for the writes that nobody waited for. */
    close: async (): Promise<void> => void (await Promise.all(writing)),

    /** Deletes sessions that ended by age. */
    async sweep(): Promise<void> {
      await db.withTables<AccessTables>().deleteFrom('sessions').where('expires_at', '<', iso(clock.now())).execute();
    },
  };
}

/** The e-mail address of a person; keys and the hub itself have neither sessions nor passwords. */
function personal(caller: Caller): string {
  if (caller.kind === 'user' && caller.email !== undefined) return caller.email;
  throw new HubError('forbidden', 'Only a person who is signed in has sessions and a password.');
}
