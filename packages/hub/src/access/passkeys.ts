import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import { audit } from './audit.ts';
import { type Auth, headersFor } from './auth.ts';
import type { Caller } from './caller.ts';
import { foreignPage, sameOrigin } from './origin.ts';
import type { AccessTables } from './tables.ts';
import { plainText } from './text.ts';
import { auditOpened, ours, personOf } from './ways.ts';

const refused = () => new HubError('unauthorized', 'The passkey was not accepted.');
const LIMIT = 20;
type Assertion = NonNullable<Parameters<Auth['api']['verifyPasskeyAuthentication']>[0]>['body']['response'];

/** Passkeys: made by a person who signed in within the last day, good for signing in without a password. */
export function createPasskeys(deps: { db: Db; clock: Clock; auth: () => Promise<Auth>; publicUrl: string }) {
  const { db, clock } = deps;
  const tables = db.withTables<AccessTables>();
  const list = async (caller: Caller) => {
    const rows = await tables
      .selectFrom('passkeys')
      .select(['id', 'name', 'device_type', 'backed_up', 'created_at'])
      .where('user_id', '=', personOf(caller).id)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      name: row.name ?? 'Passkey',
      synced: row.backed_up === 1,
      ...(row.created_at === null ? {} : { createdAt: row.created_at }),
    }));
  };

  return {
    list: async (caller: Caller) => ({ items: await list(caller) }),

    /** What the browser needs to make a passkey; the headers carry the challenge's cookie. */
    async registration(caller: Caller, request: Request): Promise<{ options: unknown; headers: Headers }> {
      if ((await list(caller)).length >= LIMIT)
        throw new HubError('conflict', `There are ${LIMIT} passkeys; remove one first.`);
      const auth = await deps.auth();
      const { response, headers } = await ours(
        auth.api.generatePasskeyRegistrationOptions({
          headers: headersFor(request, caller.ip),
          query: {},
          returnHeaders: true,
        }),
        () => new HubError('forbidden', 'You signed in more than a day ago; sign in again to add a passkey.'),
      );
      return { options: response, headers };
    },

    /** Keeps the public half of what the browser made. */
    async register(caller: Caller, request: Request, input: { name: string; response: Record<string, unknown> }) {
      personOf(caller);
      const name = plainText(input.name, 'name');
      const auth = await deps.auth();
      const made = await ours(
        auth.api.verifyPasskeyRegistration({
          body: { response: input.response, name },
          headers: headersFor(request, caller.ip),
        }),
        (_, message) => new HubError('invalid', `The passkey was not accepted: ${message}`),
      );
      await inTransaction(db, (trx) =>
        audit(trx, { caller, verb: 'users.passkeyAdd', target: made.id, after: { name }, at: clock.now() }),
      );
      return { items: await list(caller) };
    },

    /** Removes one of the caller's own; not_found for any other. */
    async remove(caller: Caller, id: string): Promise<void> {
      const person = personOf(caller);
      await inTransaction(db, async (trx) => {
        const { numDeletedRows } = await trx
          .withTables<AccessTables>()
          .deleteFrom('passkeys')
          .where('id', '=', id)
          .where('user_id', '=', person.id)
          .executeTakeFirst();
        if (numDeletedRows !== 1n) throw new HubError('not_found', 'No such passkey.');
        await audit(trx, { caller, verb: 'users.passkeyRemove', target: id, at: clock.now() });
      });
    },

    /** What the browser needs to use a passkey: the same for everybody, since nobody has said who they are. */
    async challenge(caller: Caller, request: Request): Promise<{ options: unknown; headers: Headers }> {
      const auth = await deps.auth();
      // Without its cookies: a session would list its own passkeys.
      const stripped = new Request(request.url, { headers: { 'user-agent': request.headers.get('user-agent') ?? '' } });
      const { response, headers } = await auth.api.generatePasskeyAuthenticationOptions({
        headers: headersFor(stripped, caller.ip),
        returnHeaders: true,
      });
      return { options: { ...response, userVerification: 'required' }, headers };
    },

    /** Signs in by a passkey; the headers carry the session. One answer for every refusal. */
    async signIn(caller: Caller, request: Request, response: Record<string, unknown>): Promise<Headers> {
      if (!sameOrigin(request, deps.publicUrl)) throw foreignPage();
      const auth = await deps.auth();
      const { response: answer, headers } = await ours(
        auth.api.verifyPasskeyAuthentication({
          // The library checks every part of it.
          body: { response: response as unknown as Assertion },
          headers: headersFor(request, caller.ip),
          returnHeaders: true,
        }),
        refused,
      );
      await auditOpened(db, caller, answer.user.id, 'passkey', clock.now());
      return headers;
    },
  };
}
