import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { audit } from './audit.ts';
import { type Auth, headersFor, signedCookie } from './auth.ts';
import type { Caller } from './caller.ts';
import { sha256 } from './digest.ts';
import type { Lockout } from './lockout.ts';
import { foreignPage, sameOrigin } from './origin.ts';
import type { AccessTables } from './tables.ts';
import { auditOpened, ours, personOf, wrongField } from './ways.ts';

const REMEMBERED_MS = 10 * 60_000;
const refused = () => new HubError('unauthorized', 'The code is wrong, used already, or too old; sign in again.');

/** Time-based codes beside the password, and recovery codes for the day the phone is gone. */
export function createSecondFactor(deps: {
  db: Db;
  clock: Clock;
  auth: () => Promise<Auth>;
  lockout: Lockout;
  publicUrl: string;
  changed: () => void;
}) {
  const { db, clock, lockout } = deps;
  const tables = db.withTables<AccessTables>();
  const write = (caller: Caller, verb: string, target = caller.id) =>
    inTransaction(db, (trx) => audit(trx, { caller, verb, target, at: clock.now() }));

  /** Runs what needs the password again: each try counts as one to sign in. */
  async function withPassword<T>(caller: Caller, work: (auth: Auth) => Promise<T>): Promise<T> {
    const { email } = personOf(caller);
    await lockout.charge(email, caller.ip);
    const answer = await ours(work(await deps.auth()), (_, message) =>
      /password/i.test(message)
        ? wrongField('password', 'is not the current password')
        : new HubError('conflict', message),
    );
    await lockout.succeeded(email, caller.ip);
    return answer;
  }

  /** Marks a code as used; false when it was before. A wrong one is marked as well, which harms nobody. */
  async function firstUse(userId: string, code: string): Promise<boolean> {
    const now = clock.now();
    await tables
      .deleteFrom('used_codes')
      .where('used_at', '<', now - REMEMBERED_MS)
      .execute();
    const { numInsertedOrUpdatedRows } = await tables
      .insertInto('used_codes')
      .values({ user_id: userId, code: sha256(`${userId} ${code}`), used_at: now })
      .onConflict((c) => c.doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }

  /** Whose sign-in waits for a code, by the cookie that the password brought; the library checks its signature afterwards. */
  async function waiting(request: Request): Promise<string | undefined> {
    const identifier = signedCookie(request, deps.publicUrl, 'two_factor');
    if (identifier === undefined) return undefined;
    const row = await tables
      .selectFrom('verifications')
      .select('value')
      .where('identifier', '=', identifier)
      .executeTakeFirst();
    return row?.value;
  }

  return {
    /** Makes a secret for an authenticator app and ten recovery codes; nothing is asked for them until `confirm`. */
    async begin(caller: Caller, request: Request, password: string) {
      const headers = headersFor(request, caller.ip);
      const made = await withPassword(caller, (auth) =>
        auth.api.enableTwoFactor({ body: { password, method: 'totp' }, headers }),
      );
      if (made.method !== 'totp') throw new Error('the second factor is of an unknown kind');
      return { uri: made.totpURI, recoveryCodes: made.backupCodes };
    },

    /** Switches the second factor on, with the first code of the app; the headers carry this browser's new session. */
    async confirm(caller: Caller, request: Request, code: string): Promise<Headers> {
      const { id, email } = personOf(caller);
      await lockout.charge(email, caller.ip);
      const auth = await deps.auth();
      if (!(await firstUse(id, code))) throw wrongField('code', 'was used before; wait for the next one');
      const { headers } = await ours(
        auth.api.verifyTOTP({ body: { code }, headers: headersFor(request, caller.ip), returnHeaders: true }),
        () => wrongField('code', 'is wrong, or the clock of the phone is'),
      );
      await lockout.succeeded(email, caller.ip);
      await write(caller, 'users.secondFactorOn');
      deps.changed();
      return headers;
    },

    /** The second step of a sign-in, by a code of the app or a recovery code; the headers carry the session. */
    async complete(
      caller: Caller,
      request: Request,
      input: { code: string; recovery?: boolean | undefined },
    ): Promise<Headers> {
      if (!sameOrigin(request, deps.publicUrl)) throw foreignPage();
      const userId = await waiting(request);
      if (userId === undefined || !(await firstUse(userId, input.code))) throw refused();
      const auth = await deps.auth();
      const asked = {
        body: { code: input.code },
        headers: headersFor(request, caller.ip),
        returnHeaders: true,
      } as const;
      const { headers } = await ours(
        input.recovery ? auth.api.verifyBackupCode(asked) : auth.api.verifyTOTP(asked),
        (status) =>
          status === 429
            ? new HubError('rate_limited', 'Too many wrong codes; try again in 15 minutes.', { retryAfter: 900 })
            : refused(),
      );
      await auditOpened(
        db,
        caller,
        userId,
        input.recovery ? 'password and recovery code' : 'password and code',
        clock.now(),
      );
      return headers;
    },

    /** Switches it off; the headers carry this browser's new session. */
    async disable(caller: Caller, request: Request, password: string): Promise<Headers> {
      const { headers } = await withPassword(caller, (auth) =>
        auth.api.disableTwoFactor({ body: { password }, headers: headersFor(request, caller.ip), returnHeaders: true }),
      );
      await write(caller, 'users.secondFactorOff');
      deps.changed();
      return headers;
    },

    /** New recovery codes; the old ones are worth nothing from then on. */
    async newRecoveryCodes(caller: Caller, request: Request, password: string): Promise<{ recoveryCodes: string[] }> {
      const made = await withPassword(caller, (auth) =>
        auth.api.generateBackupCodes({ body: { password }, headers: headersFor(request, caller.ip) }),
      );
      await write(caller, 'users.recoveryCodes');
      return { recoveryCodes: made.backupCodes };
    },
  };
}
