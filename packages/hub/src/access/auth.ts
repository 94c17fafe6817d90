import { createHash, createHmac } from 'node:crypto';
import type { Db } from '../platform/db.ts';
import type { Asking } from '../platform/http/seen.ts';
import type { Log } from '../platform/log.ts';
import type { Secrets } from '../platform/secrets.ts';
import { ownDoors, secondFactorPlugins } from './authPlugins.ts';
import { sameText } from './digest.ts';
import { hashPassword, verifyPassword } from './passwords.ts';
import type { AccessTables } from './tables.ts';

export type AuthDeps = { db: Db; log: Log; secrets: Secrets; publicUrl: string };

/** Days that a session lives; each day of use moves its end. */
const DAY_S = 86_400;
const ADDRESS_HEADER = 'x-orrery-address';

async function build({ db, log, secrets, publicUrl }: AuthDeps) {
  const { betterAuth } = await import('better-auth');
  return betterAuth({
    appName: 'Orrery',
    baseURL: publicUrl,
    // A list, because a single `secret` would give way to BETTER_AUTH_SECRETS of the environment.
    // A version is named after its key, so that what an earlier master key encrypted finds it in any order.
    secrets: sessionKeys(secrets).map((value) => ({ version: versionOf(value), value })),
    // The sqlite dialect on both engines: dates as ISO texts and booleans as 0 and 1, which our portable columns hold.
    database: { db, type: 'sqlite' },
    telemetry: { enabled: false },
    logger: { level: 'error', log: (_level, message) => log.error({ part: 'sessions' }, message) },
    rateLimit: { enabled: false }, // The hub's own lock-out counts before a password is tried, and in the database.
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: 12,
      maxPasswordLength: 256,
      password: { hash: hashPassword, verify: ({ hash, password }) => verifyPassword(hash, password) },
    },
    // Whichever way somebody comes in: no session for a person who was disabled.
    databaseHooks: { session: { create: { before: async ({ userId }) => mayComeIn(db, userId) } } },
    plugins: [...(await secondFactorPlugins(publicUrl)), await ownDoors()],
    session: {
      modelName: 'sessions',
      expiresIn: 7 * DAY_S,
      updateAge: DAY_S,
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    user: {
      modelName: 'users',
      fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' },
      additionalFields: {
        role: { type: 'string', required: true, input: false, defaultValue: 'viewer' },
        tenant: { type: 'string', required: false, input: false },
      },
    },
    account: {
      modelName: 'accounts',
      fields: {
        accountId: 'account_id',
        providerId: 'provider_id',
        userId: 'user_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    verification: {
      modelName: 'verifications',
      fields: { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' },
    },
    advanced: {
      cookiePrefix: cookiePrefix(publicUrl),
      // The prefix is ours: Better Auth's own is `__Secure-`, which other hosts of the domain may set too.
      useSecureCookies: false,
      defaultCookieAttributes: { secure: publicUrl.startsWith('https:') },
      cookies: { session_token: { attributes: { sameSite: 'strict' } } },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      database: { validateSchema: false },
    },
  });
}

/** A session that is refused is answered like a wrong password. */
async function mayComeIn(db: Db, userId: string): Promise<void> {
  const { APIError } = await import('better-auth/api');
  const user = await db
    .withTables<AccessTables>()
    .selectFrom('users')
    .select('disabled_at')
    .where('id', '=', userId)
    .executeTakeFirst();
  if (user?.disabled_at !== null) throw new APIError('UNAUTHORIZED', { message: 'disabled' });
}

export type Auth = Awaited<ReturnType<typeof build>>;

/** Better Auth, loaded by the first request that needs it: its import is a quarter of a second that a start should not wait for. */
export function createAuth(deps: AuthDeps): () => Promise<Auth> {
  let loading: Promise<Auth> | undefined;
  return () => {
    loading ??= build(deps);
    return loading;
  };
}

const sessionKeys = (secrets: Secrets): string[] =>
  secrets.deriveAll('sessions:v1').map((key) => key.toString('base64url'));
const versionOf = (key: string): number => createHash('sha256').update(key).digest().readUIntBE(0, 4);

/** With TLS a cookie is this host's alone (`__Host-`): neither plain HTTP nor another host of the domain can set one of that name. */
const cookiePrefix = (publicUrl: string): string => `${publicUrl.startsWith('https:') ? '__Host-' : ''}orrery`;

export const sessionCookieName = (publicUrl: string): string => `${cookiePrefix(publicUrl)}.session_token`;

/**
 * Turns the request's cookies into what they would be under the key of now: those that an earlier key has signed are signed again, so
 * that a new master key signs nobody out.
 */
export function resignCookies(request: Asking, secrets: Secrets): void {
  const cookies = request.headers.get('cookie');
  // A program sends none, and the keys are not derived for nothing.
  if (cookies === null) return;
  const [now = '', ...before] = sessionKeys(secrets);
  if (before.length === 0) return;
  const signed = cookies.replace(/(orrery\.\w+=)([^;]{20,1024})/g, (whole, name: string, encoded: string) => {
    const text = decoded(encoded);
    const [, value, signature] = /^(.+)\.([A-Za-z0-9+/]{43}=)$/.exec(text ?? '') ?? [];
    if (value === undefined || signature === undefined) return whole;
    const known = before.some((key) => sameText(signatureOf(value, key), signature));
    return known ? `${name}${encodeURIComponent(`${value}.${signatureOf(value, now)}`)}` : whole;
  });
  if (signed !== cookies) request.headers.set('cookie', signed);
}

const signatureOf = (value: string, key: string): string => createHmac('sha256', key).update(value).digest('base64');

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The value of the session cookie, or undefined. */
export function sessionCookie(request: Asking, name: string): string | undefined {
  for (const part of (request.headers.get('cookie') ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

/** What Better Auth may know of a request: its cookies, its browser in bounded length, and the address that the socket has. */
export function headersFor(request: Asking, ip: string | undefined): Headers {
  const headers = new Headers();
  const cookie = request.headers.get('cookie');
  if (cookie) headers.set('cookie', cookie);
  headers.set('user-agent', (request.headers.get('user-agent') ?? '').slice(0, 300));
  if (ip) headers.set(ADDRESS_HEADER, ip);
  return headers;
}

/** The value of one of the library's signed cookies, its signature left off and unchecked: whoever acts on it lets the library check. */
export function signedCookie(request: Request, publicUrl: string, name: string): string | undefined {
  const value = sessionCookie(request, `${cookiePrefix(publicUrl)}.${name}`);
  if (value === undefined || value.length > 512) return undefined;
  try {
    return decodeURIComponent(value).split('.')[0];
  } catch {
    return undefined;
  }
}
