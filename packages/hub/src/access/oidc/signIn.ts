import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { HubError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { Secrets } from '../../platform/secrets.ts';
import { sameText } from '../digest.ts';
import { type Identity, mapClaims } from './claims.ts';
import type { Oidc } from './oidc.ts';
import type { Provider } from './provider.ts';
import type { OidcSettings } from './settings.ts';

const PATH = '/api/auth/oidc';
const LIVES_MS = 10 * 60_000;
const CONTEXT = 'oidc:sign-in';

/** What this browser is to bring back; sealed into a cookie, so that nothing is kept for those who never do. */
const Waiting = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  next: z.string(),
  at: z.number(),
});
const Tokens = z.object({ id_token: z.string(), access_token: z.string().optional() });

export type Callback = {
  code?: string | undefined;
  state?: string | undefined;
  iss?: string | undefined;
  error?: string | undefined;
};
export type Arrival = { identity: Identity; issuer: string; next: string };

const random = (): string => randomBytes(32).toString('base64url');
const off = () => new HubError('not_found', 'No identity provider is configured for signing in.');

/** Only a path of our own may follow the sign-in: `next` comes from a link that anybody can write. */
export const ownPath = (next: string | undefined): string =>
  next !== undefined && /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(next) && next.length <= 1024 ? next : '/';

/** Sign-in by authorization code with PKCE. What comes back counts in the browser that left, once within ten minutes, and for us alone. */
export function createOidcSignIn(deps: { oidc: Oidc; clock: Clock; log: Log; secrets: Secrets; publicUrl: string }) {
  const { oidc, clock, log, secrets, publicUrl } = deps;
  const secure = publicUrl.startsWith('https:');
  const cookieName = `${secure ? '__Secure-' : ''}orrery.oidc`;
  const redirectUri = new URL(`${PATH}/callback`, publicUrl).href;
  const cookie = (value: string, maxAge: number) =>
    `${cookieName}=${value}; Path=${PATH}; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;

  function parts(): { settings: OidcSettings & { clientId: string }; provider: Provider } {
    const settings = oidc.settings();
    const provider = oidc.provider();
    if (settings?.clientId === undefined || !provider) throw off();
    return { settings: { ...settings, clientId: settings.clientId }, provider };
  }

  function waitingOf(sealed: string | undefined): z.infer<typeof Waiting> | undefined {
    if (sealed === undefined) return undefined;
    try {
      const waiting = Waiting.parse(JSON.parse(secrets.open(sealed, CONTEXT)));
      return clock.now() - waiting.at > LIVES_MS ? undefined : waiting;
    } catch {
      // Forged, or sealed by a hub with another key: nobody is waiting.
      return undefined;
    }
  }

  async function redeem(code: string, verifier: string): Promise<z.infer<typeof Tokens> | string> {
    const { settings, provider } = parts();
    const { token_endpoint, token_endpoint_auth_methods_supported: methods } = await provider.discovery();
    if (token_endpoint === undefined) return 'the provider has no token endpoint';
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      client_id: settings.clientId,
    });
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
    const secret = settings.clientSecret;
    if (secret !== undefined && methods !== undefined && !methods.includes('client_secret_basic'))
      form.set('client_secret', secret);
    else if (secret !== undefined) {
      const pair = [settings.clientId, secret].map(encodeURIComponent).join(':');
      headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
    const answer = await provider.ask(token_endpoint, { method: 'POST', headers, body: form.toString() });
    if (answer.status !== 200) return `the provider answered ${answer.status} to the code`;
    const tokens = Tokens.safeParse(answer.json());
    return tokens.success ? tokens.data : 'the provider sent no ID token';
  }

  async function identityOf(tokens: z.infer<typeof Tokens>, nonce: string): Promise<Identity | string> {
    const { settings } = parts();
    const id = await oidc.verify(tokens.id_token, settings.clientId);
    if (!id.ok) return `the ID token is not good: ${id.reason}`;
    const { nonce: brought, azp } = id.claims;
    if (typeof brought !== 'string' || !sameText(brought, nonce)) return 'the ID token answers another question';
    if (azp !== undefined && azp !== settings.clientId) return 'the ID token is for another client';
    // Keycloak writes roles into the access token only, unless a mapper says otherwise.
    const access =
      tokens.access_token === undefined
        ? undefined
        : await oidc.verify(tokens.access_token, settings.audience ?? settings.clientId);
    const more = access?.ok && access.claims.sub === id.claims.sub ? access.claims : {};
    const mapped = mapClaims({ ...more, ...id.claims }, settings);
    return mapped.ok ? mapped.identity : mapped.reason;
  }

  return {
    cookieName,
    cleared: cookie('', 0),
    available: (): { label: string } | undefined => {
      const settings = oidc.settings();
      return settings?.clientId === undefined ? undefined : { label: settings.label };
    },

    /** Where the browser is to go, and the cookie that it takes along. */
    async start(next: string | undefined): Promise<{ location: string; cookie: string }> {
      const { settings, provider } = parts();
      const { authorization_endpoint } = await provider.discovery();
      if (authorization_endpoint === undefined) throw off();
      const waiting = { state: random(), nonce: random(), verifier: random(), next: ownPath(next), at: clock.now() };
      const url = new URL(authorization_endpoint);
      const asked = {
        response_type: 'code',
        client_id: settings.clientId,
        redirect_uri: redirectUri,
        scope: settings.scopes.join(' '),
        state: waiting.state,
        nonce: waiting.nonce,
        code_challenge: createHash('sha256').update(waiting.verifier).digest('base64url'),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
      const sealed = secrets.seal(JSON.stringify(waiting), CONTEXT);
      return { location: url.href, cookie: cookie(sealed, LIVES_MS / 1000) };
    },

    /** Who came back; a text is the reason why nobody did, for the log. */
    async arrive(sealed: string | undefined, { code, state, iss, error }: Callback): Promise<Arrival | string> {
      const { settings, provider } = parts();
      const waiting = waitingOf(sealed);
      if (waiting === undefined) return 'this browser asked for no sign-in, or too long ago';
      if (state === undefined || !sameText(state, waiting.state)) return 'the answer is to another question';
      const { authorization_response_iss_parameter_supported: says } = await provider.discovery();
      if (iss === undefined ? says === true : iss !== settings.issuer) return 'the answer comes from another provider';
      if (error !== undefined) return `the provider refused: ${error.replace(/[^\w.-]/g, '').slice(0, 60)}`;
      if (code === undefined) return 'the answer brings no code';
      const tokens = await redeem(code, waiting.verifier);
      if (typeof tokens === 'string') return tokens;
      const identity = await identityOf(tokens, waiting.nonce);
      if (typeof identity === 'string') return identity;
      log.debug({ subject: identity.subject }, 'the provider vouches for somebody');
      return { identity, issuer: settings.issuer, next: waiting.next };
    },
  };
}
