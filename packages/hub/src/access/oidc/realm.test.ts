import { readFileSync } from 'node:fs';
import { OidcDeclaration, ROLES } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { mapClaims } from './claims.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: Keycloak's own placeholder.
const CLIENT_ID = '${client_id}';

type Mapper = { protocolMapper: string; config: Record<string, string> };
const realm = JSON.parse(
  readFileSync(new URL('../../../../../deploy/keycloak/orrery-realm.json', import.meta.url), 'utf8'),
) as {
  roles: { realm: { name: string }[] };
  clients: {
    clientId: string;
    publicClient: boolean;
    implicitFlowEnabled: boolean;
    directAccessGrantsEnabled: boolean;
    attributes: Record<string, string>;
    protocolMappers: Mapper[];
  }[];
};
const [client] = realm.clients;
const { issuer: _, ...settings } = OidcDeclaration.parse({ clientId: client?.clientId ?? '' });

/** What Keycloak's mappers of this realm write into a token, by their own configuration. */
function emitted(token: 'access' | 'id', person: { realm: string[]; client: string[]; tenant?: string }) {
  const claims: Record<string, unknown> = { sub: 'kc', preferred_username: 'grace' };
  const put = (path: string, value: unknown) => {
    const parts = path.replace(CLIENT_ID, client?.clientId ?? '').split('.');
    let at = claims;
    for (const part of parts.slice(0, -1)) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[parts.at(-1) ?? ''] = value;
  };
  for (const { protocolMapper, config } of client?.protocolMappers ?? []) {
    if (config[`${token}.token.claim`] !== 'true') continue;
    const name = config['claim.name'] ?? '';
    if (protocolMapper === 'oidc-audience-mapper') claims.aud = [config['included.custom.audience'], 'account'];
    if (protocolMapper === 'oidc-usermodel-realm-role-mapper') put(name, person.realm);
    if (protocolMapper === 'oidc-usermodel-client-role-mapper' && person.client.length > 0) put(name, person.client);
    if (protocolMapper === 'oidc-usermodel-attribute-mapper' && person.tenant !== undefined) put(name, person.tenant);
  }
  return claims;
}

describe('the realm of deploy/keycloak', () => {
  it('has the four roles, and a client that signs in by code with PKCE alone', () => {
    expect(realm.roles.realm.map(({ name }) => name)).toEqual([...ROLES]);
    expect(client).toMatchObject({ publicClient: false, implicitFlowEnabled: false, directAccessGrantsEnabled: false });
    expect(client?.attributes['pkce.code.challenge.method']).toBe('S256');
  });
  it.each(['access', 'id'] as const)('writes into the %s token what the hub reads by its defaults', (token) => {
    for (const role of ROLES) {
      const mapped = mapClaims(
        emitted(token, { realm: ['offline_access', role], client: [], tenant: 'acme' }),
        settings,
      );
      expect(mapped).toMatchObject({ ok: true, identity: { role, tenant: 'acme', name: 'grace' } });
    }
    expect(mapClaims(emitted(token, { realm: [], client: ['agent'] }), settings)).toMatchObject({
      ok: true,
      identity: { role: 'agent', tenant: null },
    });
    expect(mapClaims(emitted(token, { realm: ['offline_access'], client: [] }), settings)).toMatchObject({ ok: false });
  });
  it('names the audience in access tokens only, so that an ID token opens no API', () => {
    expect(emitted('access', { realm: [], client: [] }).aud).toContain('orrery');
    expect(emitted('id', { realm: [], client: [] }).aud).toBeUndefined();
  });
});
