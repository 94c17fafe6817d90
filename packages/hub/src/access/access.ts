import type { InvitationAccept, Me, OidcDeclaration, Profile, TierMap } from '@orrery/protocol';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Asking } from '../platform/http/seen.ts';
import { newSecret } from '../platform/ids.ts';
import type { Log } from '../platform/log.ts';
import type { Mailer } from '../platform/mail.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { Secrets } from '../platform/secrets.ts';
import { createAuth, resignCookies } from './auth.ts';
import { createShortCache } from './cache.ts';
import { anonymousCaller, type Caller } from './caller.ts';
import type { Credential, Known } from './credential.ts';
import { isDisabled } from './disabled.ts';
import { createFirstRun } from './first-run.ts';
import { createInvitations } from './invitations.ts';
import { createKeys } from './keys.ts';
import { createLockout } from './lockout.ts';
import { createMails } from './mails.ts';
import { createArrival, createBearer, createOidc, createOidcSignIn, createSettings } from './oidc/index.ts';
import { foreignPage, sameOrigin } from './origin.ts';
import { createPasskeys } from './passkeys.ts';
import { createRecord } from './record.ts';
import { createReset } from './reset.ts';
import { cacheKey, createKeyResolver, presented } from './resolve.ts';
import { createRights } from './rights.ts';
import { createSecondFactor } from './secondFactor.ts';
import { createSessions } from './sessions.ts';
import { createStreams } from './streams.ts';
import type { AccessTables } from './tables.ts';
import { createTenants } from './tenants/tenants.ts';
import { createUsers } from './users.ts';
import { personOf } from './ways.ts';

export type AccessConfig = {
  /** Where people open the console; `https:` makes cookies Secure. */
  publicUrl: string;
  metaKey?: string | undefined;
  cronSecret?: string | undefined;
  adminEmail?: string | undefined;
  adminPassword?: string | undefined;
};
export type AccessDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  secrets: Secrets;
  config: AccessConfig;
  /** The slug of the project whose ingest key this is; the catalog knows. */
  projectByIngestKey(key: string): Promise<string | undefined>;
  /** Slugs that are assigned to a tenant; the catalog knows. */
  projectsOfTenant(tenant: string): Promise<readonly string[]>;
  /** Whether roles are enforced, and what tiers are called; read each time, since a reload may change them. */
  policy(): { rbac: boolean; tiers: TierMap };
  /** The identity provider as it is declared now, and the way to it. */
  oidc?: { declared: () => OidcDeclaration | undefined; outbound: Pick<Outbound, 'request'> };
  /** How the hub writes to people; without it links are handed over by hand. */
  mailer?: Mailer;
  /** How long a key or a session that another hub revoked may still count, in milliseconds; well under 5 s. */
  staleMs?: number;
};
export type Access = ReturnType<typeof createAccess>;

const STALE_MS = 2000;
/** Where no mail server or provider is configured, none is asked. */
const noMailer: Mailer = { ready: () => false, send: () => Promise.reject(new Error('no mail server is configured')) };
const nowhere: Pick<Outbound, 'request'> = {
  request: () => Promise.reject(new Error('no identity provider is configured')),
};

/** Who calls, and what they may do: people, sessions, API keys, the first run, and the streams that end with them. */
export function createAccess(deps: AccessDeps) {
  const { db, clock, log, config } = deps;
  const staleMs = deps.staleMs ?? STALE_MS;
  const localKey = newSecret('orl');
  const cache = createShortCache<Known | undefined>(clock, staleMs);
  const rights = createRights({ db, projectsOfTenant: deps.projectsOfTenant, rbac: () => deps.policy().rbac });
  const streams = createStreams({ db, clock, log, rights, checkMs: staleMs });
  const credentials = new WeakMap<Asking, Credential>();
  const changed = () => {
    cache.clear();
    streams.check();
  };
  const lockout = createLockout({ db, clock });
  const { settle, ...record } = createRecord({ db, clock, log });
  const firstRun = createFirstRun({ db, clock });
  const keys = createKeys({ db, clock, changed });
  const auth = createAuth({ db, log, secrets: deps.secrets, publicUrl: config.publicUrl });
  const oidc = createOidc({
    clock,
    log,
    outbound: deps.oidc?.outbound ?? nowhere,
    settings: createSettings(deps.oidc?.declared ?? (() => undefined)),
  });
  const bearer = createBearer({
    clock,
    log,
    oidc,
    rights,
    disabled: (issuer, subject) => isDisabled(db, issuer, subject),
  });
  const resolver = createKeyResolver({ ...deps, ...config, localKey, rights, byToken: bearer });
  const sessions = createSessions({
    db,
    clock,
    log,
    auth,
    lockout,
    rights,
    publicUrl: config.publicUrl,
    changed,
    sessionOf,
  });

  const { publicUrl } = config;
  const mails = createMails({ db, clock, log, mailer: deps.mailer ?? noMailer, publicUrl });
  const settleMails = () => void mails.settle();
  const people = { db, clock, publicUrl, changed, mailReady: mails.ready, settleMails };
  const users = createUsers(people);
  const invitations = createInvitations(people);
  const reset = createReset({ db, clock, lockout, changed, settleMails });
  const secondFactor = createSecondFactor({ db, clock, auth, lockout, publicUrl, changed });
  const passkeys = createPasskeys({ db, clock, auth, publicUrl });
  const oidcSignIn = createOidcSignIn({ oidc, clock, log, secrets: deps.secrets, publicUrl });
  const arrive = createArrival({ db, clock, log, auth, oidc, signIn: oidcSignIn, changed });

  async function sessionOf(request: Asking): Promise<Known | undefined> {
    const cookie = sessions.cookieOf(request);
    if (cookie === undefined) return undefined;
    const known = await cache.get(cacheKey('session', cookie), () => sessions.find(request));
    return known?.credential && known.credential.expiresAt <= clock.now() ? undefined : known;
  }

  /**
   * Whoever sent the request: by a key in a header, else by the session cookie, else nobody. A key that is not good is unauthorized and
   * never falls back to the cookie; a cookie that has ended is nobody, so that the sign-in page opens.
   */
  async function resolve(request: Asking, ip: string): Promise<Caller> {
    resignCookies(request, deps.secrets);
    const key = presented(request);
    const known = key
      ? await cache.get(cacheKey(key.bearer ? 'bearer' : 'key', key.token), () => resolver.find(key.token, key.bearer))
      : await sessionOf(request);
    if (known?.credential) {
      if (key && known.credential.expiresAt <= clock.now()) throw new HubError('unauthorized', 'The key has expired.');
      credentials.set(request, known.credential);
    }
    return { ...(known?.caller ?? anonymousCaller), ...(ip ? { ip } : {}) };
  }

  return {
    ...keys,
    ...record,
    resolve,
    sessions,
    tenants: createTenants({ ...deps, tiers: () => deps.policy().tiers, changed }),

    /** Call after projects were assigned or roles were opened or closed: sessions, keys and streams have their new rights at once. */
    rightsChanged: changed,

    users,
    invitations,
    reset,
    secondFactor,
    passkeys,
    oidc: { start: oidcSignIn.start, arrive },
    /** What the sign-in page may offer. */
    signInWays: () => {
      const provider = oidcSignIn.available();
      return { ...(provider ? { oidc: provider } : {}), mail: mails.ready() };
    },
    /** Sends what is due to people; a job, and every verb that makes a mail due. */
    settleMails: mails.settle,
    seedAdmin: firstRun.seedAdmin,
    setupNeeded: firstRun.needed,
    /** The one-time link that makes the first administrator, for people to open; undefined when there is one. */
    setupUrl: (origin: string = config.publicUrl) => firstRun.setupUrl(origin),
    /** The key of this process, an administrator's: the command line on the same machine reads it from the data folder. */
    localKey,

    /** Makes the configured administrator; call it once the schema is up to date. */
    start: () => firstRun.seedConfigured(config),

    /** Makes the first administrator and signs them in; the headers carry the session cookie. */
    async setup(caller: Caller, request: Request, input: Parameters<typeof firstRun.setup>[1]): Promise<Headers> {
      if (!sameOrigin(request, config.publicUrl)) throw foreignPage();
      await firstRun.setup(caller, input);
      return (await sessions.signIn(caller, request, input)).headers;
    },

    /** Makes the account that a link invites to and signs it in; the headers carry the session cookie. */
    async acceptInvitation(caller: Caller, request: Request, input: InvitationAccept): Promise<Headers> {
      if (!sameOrigin(request, config.publicUrl)) throw foreignPage();
      const { email } = await invitations.accept(caller, input);
      return (await sessions.signIn(caller, request, { email, password: input.password })).headers;
    },

    /** What the caller's own account has. */
    async profile(caller: Caller): Promise<Profile> {
      const { id } = personOf(caller);
      const row = await db
        .withTables<AccessTables>()
        .selectFrom('users')
        .leftJoin('accounts', (join) =>
          join.onRef('accounts.user_id', '=', 'users.id').on('accounts.provider_id', '=', 'credential'),
        )
        .select(['accounts.id', 'users.two_factor_enabled'])
        .where('users.id', '=', id)
        .executeTakeFirstOrThrow();
      return { password: row.id !== null, secondFactor: row.two_factor_enabled === 1 };
    },

    /** What the caller may know of itself; throws for callers that are nobody's face. */
    me(caller: Caller): Me {
      const { kind, id, name, email, projects } = caller;
      if (kind !== 'user' && kind !== 'key' && kind !== 'token' && kind !== 'meta' && kind !== 'local')
        throw new HubError('forbidden', 'This key has one purpose; this is not it.');
      const permissions = [...caller.permissions];
      // The meta key has no role; the least one stands there, and the permissions say what it may do.
      const role = caller.role ?? 'viewer';
      return {
        kind,
        id,
        name,
        role,
        permissions,
        projects: projects === 'all' ? 'all' : [...projects],
        tenant: caller.tenant,
        features: [...(caller.features ?? [])],
        ...(email ? { email } : {}),
      };
    },

    /** Calls `onRevoked` once when the session or key behind the request ends or changes its role; call the answer when the stream closes. */
    watch(_caller: Caller, request: Request, onRevoked: () => void): () => void {
      const credential = credentials.get(request);
      return credential ? streams.watch(credential, onRevoked) : () => undefined;
    },

    /** Deletes sessions and failed sign-ins that are too old to matter; a daily job. */
    async sweep(): Promise<void> {
      await sessions.sweep();
      await lockout.sweep();
      await mails.sweep();
    },

    /** Stops timers and waits for writes under way. */
    async close(): Promise<void> {
      await streams.close();
      await mails.close();
      await sessions.close();
      await resolver.close();
      await settle();
    },
  };
}
