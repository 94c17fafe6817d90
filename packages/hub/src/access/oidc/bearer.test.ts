import { createHmac } from 'node:crypto';
import { DEFAULT_TIERS, OidcDeclaration } from '@orrery/protocol';
import { exportSPKI } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import type { Database } from '../../platform/db.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { temporaryDatabase } from '../../platform/testing.ts';
import type { AccessTables } from '../tables.ts';
import { openRig, type Rig } from '../testing.ts';
import { type Issuer, type IssuerKey, keycloakClaims, signed, startIssuer } from './issuer.fixture.ts';

const GENERIC = 'The key is not good: unknown, expired or revoked.';
let database: Database;
let issuer: Issuer;
let key: IssuerKey;
let rig: Rig;
const policy = { rbac: true, tiers: DEFAULT_TIERS };
/** How far the hub's clocks went on, in milliseconds. They stand still by themselves: on a busy machine what is "31 s ahead" must stay so. */
let ahead = 0;
const began = systemClock.now();
const clock = { now: () => began + ahead, monotonic: () => ahead };
// Private addresses are refused to everybody; the issuer was named by the operator.
const outbound = createOutbound({ clock: systemClock, allowPrivate: false });

beforeAll(async () => {
  database = await temporaryDatabase();
  issuer = await startIssuer();
  key = await issuer.newKey('first');
  const at = {
    created_at: 0,
    updated_at: 0,
    declared_source: 'api' as const,
    declared_ref: null,
    features: '[]',
    tier: 5,
  };
  await database.db
    .withTables<AccessTables>()
    .insertInto('tenants')
    .values({ id: 'acme', name: 'Acme', ...at })
    .execute();
  open();
});
beforeEach(() => {
  // Each test begins after every cool-down of the one before.
  ahead += 20_000;
  issuer.state.status = 200;
  issuer.state.lies = {};
});
afterAll(async () => {
  await rig.access.close();
  outbound.close();
  await issuer.close();
  await database.close();
});

function open(more: Record<string, unknown> = {}) {
  const declared = OidcDeclaration.parse({
    issuer: issuer.url,
    audience: 'orrery',
    clientId: 'orrery-console',
    ...more,
  });
  rig = openRig(database, { clock, staleMs: 0, policy, oidc: { declared: () => declared, outbound } });
}
const claims = (more: Record<string, unknown> = {}) => keycloakClaims(issuer.url, clock.now(), more);
const good = (more: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  signed(key, claims(more), header);
const ask = (token: string, path = '/api/me') => rig.call(path, { headers: { authorization: `Bearer ${token}` } });

async function refused(token: string): Promise<void> {
  const response = await ask(token);
  const { detail } = (await response.json()) as { detail: string };
  expect([response.status, detail]).toEqual([401, GENERIC]);
}

describe('a bearer token of the provider', () => {
  it('is its person, with the role of its realm roles', async () => {
    const response = await ask(await good());
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ kind: 'token', name: 'grace', role: 'operator', projects: 'all' });
    expect((await ask(await good(), '/api/may/configure')).status).toBe(403);
    expect((await ask(await good(), '/api/may/ops-view')).status).toBe(200);
  });
  it.each([
    [{ roles: ['admin'] }, 'admin'],
    [{ roles: 'agent', realm_access: {} }, 'agent'],
    [{ resource_access: { 'orrery-console': { roles: ['viewer'] } }, realm_access: {} }, 'viewer'],
    [{ roles: ['viewer', 'operator'], realm_access: { roles: ['agent'] } }, 'operator'],
  ])('with %j is %s: the highest of all that its claims name', async (more, role) => {
    expect(await (await ask(await good(more))).json()).toMatchObject({ role });
  });
  it.each([
    [{ realm_access: { roles: ['offline_access'] } }],
    [{ realm_access: null }],
    [{ realm_access: { roles: { admin: true } } }],
    [{ realm_access: {}, resource_access: { 'another-client': { roles: ['admin'] } } }],
    [{ realm_access: {}, roles: [['admin']] }],
    [{ realm_access: {}, roles: [null, 7, { admin: 1 }] }],
  ])('with %j and so without a known role may do nothing', async (more) => refused(await good(more)));

  it('of a tenant sees the projects of that tenant, whatever its role', async () => {
    const response = await ask(await good({ tenant_id: 'acme', roles: ['admin'] }));
    expect(await response.json()).toMatchObject({ role: 'admin', projects: [] });
  });
  it('may everything within its tenant while roles are not enforced, and its role alone again once they are', async () => {
    const token = await good({ tenant_id: 'acme', realm_access: { roles: ['viewer'] } });
    expect((await ask(token, '/api/may/configure')).status).toBe(403);
    policy.rbac = false;
    expect((await ask(token, '/api/may/configure')).status).toBe(200);
    expect(await (await ask(token)).json()).toMatchObject({ role: 'viewer', tenant: 'acme', projects: [] });
    const headers = { authorization: `Bearer ${token}` };
    const wider = await rig.call('/api/keys', { headers, body: { name: 'x', role: 'admin' } });
    expect(wider.status, 'nobody takes home more than their own role').toBe(403);
    await refused(await good({ tenant_id: 'globex' }));
    policy.rbac = true;
    expect((await ask(token, '/api/may/configure')).status).toBe(403);
  });
  it.each([
    'globex',
    'ACME',
    'acme ',
    '*',
    '%',
    "acme' OR 1=1",
    ['acme', 'globex'],
    7,
    { id: 'acme' },
    true,
    'a'.repeat(65),
  ])('with the unknown tenant %j is refused', async (tenant_id) => refused(await good({ tenant_id })));
  it('without a tenant is refused where staff have one of their own', async () => {
    open({ staffTenant: 'house' });
    await refused(await good());
    expect(await (await ask(await good({ tenant_id: 'house' }))).json()).toMatchObject({ projects: 'all' });
    open();
  });
  it('maps other claims and other names where the configuration says so', async () => {
    open({ claims: { roles: ['groups'], tenant: 'org.id', name: 'nick' }, roles: { admin: ['/ops/chiefs'] } });
    const more = { groups: ['/ops/chiefs'], org: { id: 'acme' }, nick: 'amazing', realm_access: { roles: ['viewer'] } };
    expect(await (await ask(await good(more))).json()).toMatchObject({ role: 'admin', name: 'amazing', projects: [] });
    await refused(await good({ groups: ['admin'] }));
    open();
  });
  it('counts as Authorization: Bearer only', async () => {
    const token = await good();
    expect((await rig.call('/api/me', { headers: { 'x-api-key': token } })).status).toBe(401);
    expect((await rig.call('/api/me', { headers: { authorization: `Basic ${token}` } })).status).toBe(401);
    expect((await rig.call(`/api/me?access_token=${token}`)).status).toBe(401);
  });
  it('changes nothing of anybody else: it has no sessions and no password', async () => {
    const token = await good();
    for (const path of ['/api/auth/list-sessions', '/api/auth/revoke-sessions'])
      expect(
        (
          await rig.call(path, {
            headers: { authorization: `Bearer ${token}` },
            ...(path.includes('list') ? {} : { body: {} }),
          })
        ).status,
      ).toBe(403);
  });
});

describe('what is no good token', () => {
  it('is refused with one text: a thousand that were forged, altered, or meant for others', async () => {
    const stranger = await issuer.newKey('first', 'RS256', false);
    const base = await good();
    const [head = '', body = '', tail = ''] = base.split('.');
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const seconds = Math.floor(clock.now() / 1000);
    const pem = await exportSPKI(key.publicKey);
    const withSecret = (secret: string | Buffer, alg: string, hash: string) => {
      const input = `${encode({ alg, kid: 'first', typ: 'JWT' })}.${encode(claims({ roles: ['admin'] }))}`;
      return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
    };
    const tokens: string[] = [];
    // The public key used as if it were a shared secret, in every form it is published in.
    for (const secret of [
      pem,
      pem.trim(),
      JSON.stringify(key.jwk),
      key.jwk.n ?? '',
      Buffer.from(key.jwk.n ?? '', 'base64url'),
      '',
    ])
      for (const [alg, hash] of [
        ['HS256', 'sha256'],
        ['HS384', 'sha384'],
        ['HS512', 'sha512'],
      ] as const)
        tokens.push(withSecret(secret, alg, hash));
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'RS256 ', 'rs256', null, 0, [], {}, ['RS256']])
      for (const signature of ['', tail, 'AA'])
        tokens.push(
          `${encode({ alg, kid: 'first', typ: 'JWT' })}.${body}.${signature}`,
          `${encode({ alg })}.${encode(claims({ roles: ['admin'] }))}.${signature}`,
        );
    for (const kid of [
      '../../../../dev/null',
      '/dev/null',
      'file:///etc/passwd',
      "' UNION SELECT 'k",
      '',
      'second',
      '*',
      '__proto__',
      'constructor',
      7,
      null,
      ['first'],
      'a'.repeat(4000),
    ])
      tokens.push(await signed({ ...stranger, kid: kid as string }, claims({ roles: ['admin'] })));
    const others = [
      { aud: 'another' },
      { aud: [] },
      { aud: ['account'] },
      { aud: { orrery: true } },
      { aud: undefined },
      { aud: 'orrery-console' },
      { aud: 'ORRERY' },
      { aud: 'orrery ' },
      { aud: null },
      { iss: 'https://evil.example' },
      { iss: `${issuer.url}/` },
      { iss: issuer.url.toUpperCase() },
      { iss: undefined },
      { iss: [issuer.url] },
      { iss: null },
      { exp: String(seconds + 300) },
      { exp: undefined },
      { exp: null },
      { exp: seconds - 31 },
      { exp: 0 },
      { exp: -1 },
      { exp: true },
      { exp: [seconds + 300] },
      { exp: `${seconds + 300}e0` },
      { nbf: seconds + 31 },
      { nbf: String(seconds - 5) },
      { nbf: null },
      { sub: undefined },
      { sub: '' },
      { sub: 7 },
      { sub: null },
      { sub: 'a'.repeat(256) },
      { typ: 'ID' },
      { at_hash: 'x' },
    ];
    for (const more of others) tokens.push(await good(more));
    for (let age = 1; age <= 100; age++) tokens.push(await good({ exp: seconds - 30 - age * age }));
    for (const header of [
      { jku: `${issuer.url}/keys` },
      { x5u: `${issuer.url}/keys` },
      { jwk: stranger.jwk },
      { x5c: ['MIIB'] },
      { typ: 'logout+jwt' },
      { typ: 'dpop+jwt' },
      { typ: 'JWE' },
    ])
      for (const signer of [key, { ...stranger, kid: 'first' }])
        tokens.push(await signed(signer, claims({ roles: ['admin'] }), header));
    tokens.push(`${encode({ alg: 'RS256', kid: 'first', crit: ['b64'], b64: false })}.${body}.${tail}`);
    for (const alg of ['PS256', 'ES256', 'EdDSA', 'RS512'])
      tokens.push(`${encode({ alg, kid: 'first', typ: 'JWT' })}.${body}.${tail}`);
    tokens.push(
      `${head}.${body}.`,
      `${head}..${tail}`,
      `.${body}.${tail}`,
      `${head}.${body}`,
      `${base}.${tail}`,
      `${head}.${encode(claims({ roles: ['admin'] }))}.${tail}`,
      base.slice(0, -1),
      `${base.slice(0, -2)}`,
      'eyJ.eyJ.eyJ',
      `eyJ${'A'.repeat(20_000)}.e.e`,
    );
    for (let i = 0; i < 25; i++)
      tokens.push(await signed({ ...stranger, kid: 'first' }, claims({ sub: `forged-${i}`, roles: ['admin'] })));
    // The body altered by one character, at places all over it; and so the signature.
    const other = (c: string | undefined) => (c === 'A' ? 'B' : 'A');
    const altered = (text: string, at: number) => `${text.slice(0, at)}${other(text[at])}${text.slice(at + 1)}`;
    for (let i = 0; i < 430; i++) tokens.push(`${head}.${altered(body, Math.floor((i * body.length) / 430))}.${tail}`);
    // Of its last character some bits mean nothing, so it is left alone.
    for (let i = 0; i < 300; i++)
      tokens.push(`${head}.${body}.${altered(tail, Math.floor((i * (tail.length - 1)) / 300))}`);

    expect(new Set(tokens).size).toBeGreaterThan(1000);
    const answers = new Map<string, number>();
    for (const [i, token] of tokens.entries()) {
      const response = await rig.call('/api/me', {
        headers: { authorization: `Bearer ${token}` },
        ip: `192.0.2.${i % 250}`,
      });
      const { requestId: _, ...problem } = (await response.json()) as { requestId: string };
      const text = `${response.status} ${JSON.stringify(problem)}`;
      answers.set(text, (answers.get(text) ?? 0) + 1);
    }
    expect([...answers.keys()], 'one answer for all').toEqual([expect.stringMatching(/^401 /)]);
    expect((await ask(base)).status, 'the good one among them').toBe(200);
  }, 60_000);

  it('makes nobody ask the provider more than once in ten seconds', async () => {
    await ask(await good());
    const before = issuer.state.asked.keys;
    const stranger = await issuer.newKey('never-published', 'RS256', false);
    await Promise.all(Array.from({ length: 15 }, async (_, i) => refused(await signed(stranger, claims({ jti: i })))));
    expect(issuer.state.asked.keys - before).toBeLessThanOrEqual(1);
  });
  it('leads nowhere: addresses in its header are not asked', async () => {
    const canary = await startIssuer();
    for (const header of [{ jku: `${canary.url}/keys` }, { x5u: `${canary.url}/keys` }])
      await refused(await good({}, header));
    expect(canary.state.asked).toEqual({ discovery: 0, keys: 0 });
    await canary.close();
  });
  it('is every token, where no audience is configured', async () => {
    open({ audience: undefined });
    await refused(await good({ aud: 'orrery-console' }));
    open();
  });
});

describe('keys of the provider', () => {
  it('are taken up as they appear, and both count while both are published', async () => {
    const old = await good();
    const next = await issuer.newKey('next', 'ES256');
    expect((await ask(await signed(next, claims()))).status).toBe(200);
    expect((await ask(old)).status).toBe(200);
    issuer.state.keys = issuer.state.keys.filter(({ kid }) => kid !== 'next');
    ahead += 6 * 60_000;
    await refused(await signed(next, claims()));
    expect((await ask(await good())).status).toBe(200);
  });
  it('that are shared secrets or bring their private half verify nothing', async () => {
    const secret = Buffer.from('a shared secret of thirty-two b.');
    issuer.state.keys.push({ kty: 'oct', kid: 'oct', alg: 'HS256', k: secret.toString('base64url') });
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${encode({ alg: 'HS256', kid: 'oct' })}.${encode(claims())}`;
    await refused(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`);
    issuer.state.keys = issuer.state.keys.filter(({ kty }) => kty !== 'oct');
  });
  it.each([[undefined], [500], [404]])(
    'count on while the provider answers %s, until their age is up; then nobody comes in, and it heals by itself',
    async (status) => {
      expect((await ask(await good())).status).toBe(200);
      issuer.state.status = status;
      ahead += 30 * 60_000;
      expect((await ask(await good())).status).toBe(200);
      ahead += 31 * 60_000;
      expect((await ask(await good())).status).toBe(503);
      issuer.state.status = 200;
      ahead += 20_000;
      expect((await ask(await good())).status).toBe(200);
    },
  );
  it('are not taken from a provider that says it is another one', async () => {
    issuer.state.lies = { issuer: 'https://evil.example' };
    open();
    expect((await ask(await good())).status).toBe(503);
    open();
  });
  it('are fetched from where the provider says, unless that is a private address of somebody else', async () => {
    const inside = await startIssuer();
    inside.state.keys = issuer.state.keys;
    issuer.state.lies = { jwks_uri: `${inside.url}/keys` };
    open();
    expect((await ask(await good())).status).toBe(503);
    expect(inside.state.asked.keys).toBe(0);
    await inside.close();
    open();
  });
});

it('a stream that a token opened ends with the token', async () => {
  rig = openRig(database, {
    clock,
    staleMs: 50,
    oidc: { declared: () => OidcDeclaration.parse({ issuer: issuer.url, audience: 'orrery' }), outbound },
  });
  const token = await good({ exp: Math.floor(clock.now() / 1000) + 60 });
  const response = await ask(token, '/api/stream');
  expect(response.status).toBe(200);
  const reader = response.body?.getReader();
  expect((await reader?.read())?.done, 'it is open').toBe(false);
  ahead += 91_000;
  while (!(await reader?.read())?.done);
  expect((await ask(token)).status).toBe(401);
  await rig.access.close();
  open();
});
