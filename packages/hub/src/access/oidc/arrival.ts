import type { Clock } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { type Auth, headersFor, sessionCookie } from '../auth.ts';
import type { Caller } from '../caller.ts';
import { auditOpened, ours } from '../ways.ts';
import { admit } from './admit.ts';
import type { Oidc } from './oidc.ts';
import type { Callback, createOidcSignIn } from './signIn.ts';

/** The browser comes back from the provider: who it brings gets a session, or the sign-in page with a word of why not. */
export function createArrival(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  auth: () => Promise<Auth>;
  oidc: Oidc;
  signIn: ReturnType<typeof createOidcSignIn>;
  changed: () => void;
}) {
  const { db, clock, log, signIn } = deps;
  return async (
    caller: Caller,
    request: Request,
    callback: Callback,
  ): Promise<{ location: string; cookies: string[] }> => {
    const away = (reason: string) => {
      log.warn({ reason, ip: caller.ip }, 'a sign-in by the identity provider was refused');
      return { location: '/admin/login?failed=oidc', cookies: [signIn.cleared] };
    };
    const arrived = await signIn.arrive(sessionCookie(request, signIn.cookieName), callback);
    if (typeof arrived === 'string') return away(arrived);
    const linkVerifiedEmail = deps.oidc.settings()?.linkVerifiedEmail ?? false;
    const admitted = await admit({ db, clock, linkVerifiedEmail }, caller, arrived.issuer, arrived.identity);
    if (!admitted.ok) return away(admitted.reason);
    if (admitted.ended) deps.changed();
    const auth = await deps.auth();
    const { headers } = await ours(
      auth.api.openSession({
        body: { userId: admitted.userId },
        headers: headersFor(request, caller.ip),
        returnHeaders: true,
      }),
      () => new HubError('forbidden', 'This person may not come in.'),
    );
    await auditOpened(db, caller, admitted.userId, 'identity provider', clock.now());
    return { location: arrived.next, cookies: [signIn.cleared, ...headers.getSetCookie()] };
  };
}
