import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** For tests: an issuer whose every answer is in the test's hand. */
export async function startIssuer() {
  const state = {
    keys: [] as JWK[],
    /** What discovery says beside the truth. */
    lies: {} as Record<string, unknown>,
    /** The status of every answer; undefined hangs up. */
    status: 200 as number | undefined,
    asked: { discovery: 0, keys: 0 },
  };
  const server = createServer((request, response) => {
    const isKeys = request.url === '/keys';
    state.asked[isKeys ? 'keys' : 'discovery']++;
    if (state.status === undefined) return void request.socket.destroy();
    response.writeHead(state.status, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(isKeys ? { keys: state.keys } : { issuer: url, jwks_uri: `${url}/keys`, ...state.lies }),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    state,
    /** Makes a key pair and publishes its public half, unless it is to stay unknown. */
    async newKey(kid: string, alg = 'RS256', published = true) {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
      if (published) state.keys.push(jwk);
      return { kid, alg, privateKey, publicKey, jwk };
    },
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
export type Issuer = Awaited<ReturnType<typeof startIssuer>>;
export type IssuerKey = Awaited<ReturnType<Issuer['newKey']>>;

/** Claims as Keycloak shapes them for an operator. */
export const keycloakClaims = (issuer: string, now: number, more: Record<string, unknown> = {}) => ({
  iss: issuer,
  aud: ['orrery', 'account'],
  sub: '9f3b6c1e-6f0a-4f5e-8a52-0d8b2f0a1c11',
  azp: 'orrery-console',
  typ: 'Bearer',
  iat: Math.floor(now / 1000),
  exp: Math.floor(now / 1000) + 300,
  preferred_username: 'grace',
  email: 'grace@example.com',
  email_verified: true,
  realm_access: { roles: ['offline_access', 'operator', 'default-roles-orrery'] },
  resource_access: { account: { roles: ['manage-account'] } },
  ...more,
});

export const signed = (
  { kid, alg, privateKey }: { kid: string; alg: string; privateKey: CryptoKey },
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> => new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT', ...header }).sign(privateKey);
