import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export type OidcPerson = { sub: string; name: string; email: string; roles: string[]; tenant?: string };

/** A real OpenID provider on localhost whose tokens have the shape of Keycloak's. Its own sign-in page takes any password. */
export async function startOidc(options: { redirectUri: () => string; people: readonly OidcPerson[] }) {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'oidc-test' };
  const byAddress = (login: string) => options.people.find(({ email, sub }) => email === login || sub === login);
  const shaped = (person: OidcPerson) => ({
    preferred_username: person.name,
    name: person.name,
    email: person.email,
    email_verified: true,
    realm_access: { roles: ['offline_access', ...person.roles] },
    ...(person.tenant === undefined ? {} : { tenant_id: person.tenant }),
  });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'orrery-console',
        client_secret: 'a-secret-of-the-test-client',
        redirect_uris: [options.redirectUri()],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ['only for the test'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'realm_access', 'tenant_id'],
      email: ['email', 'email_verified'],
    },
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:orrery',
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'openid profile email',
          audience: 'orrery',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    findAccount: (_ctx: unknown, id: string) => {
      const person = byAddress(id);
      return person && { accountId: person.sub, claims: async () => ({ sub: person.sub, ...shaped(person) }) };
    },
    extraTokenClaims: (_ctx: unknown, token: { accountId?: string }) => {
      const person = byAddress(token.accountId ?? '');
      return person ? shaped(person) : undefined;
    },
  });
  server.on('request', provider.callback());
  return {
    issuer,
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
