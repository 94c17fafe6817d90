import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import type { Database } from '../platform/db.ts';
import { temporaryDatabase } from '../platform/testing.ts';
import { signedCookie } from './auth.ts';
import { systemCaller } from './caller.ts';
import type { AccessTables } from './tables.ts';
import { ADMIN, cookieOf, openRig, type Rig } from './testing.ts';

let database: Database;
let rig: Rig;
let secret: Buffer;
let recoveryCodes: string[];
let ahead = 0;
const clock = { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead };
const q = () => database.db.withTables<AccessTables>();

beforeAll(async () => {
  database = await temporaryDatabase();
  rig = openRig(database, { clock });
  await rig.access.seedAdmin(systemCaller('test'), ADMIN);
});
beforeEach(() => {
  ahead += 61_000;
});
afterAll(async () => {
  await rig.access.close();
  await database.close();
});

/** RFC 6238 with SHA-1, six digits, 30 s: what an authenticator app shows. `steps` leads to the next code within the tolerance. */
function code(steps = 0): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
function base32(text: string): Buffer {
  let bits = '';
  for (const letter of text.replace(/=+$/, ''))
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
const begin = (cookie: string, password = ADMIN.password) =>
  rig.call('/api/auth/second-factor/begin', { cookie, body: { password } });
const first = () => rig.call('/api/auth/sign-in/email', { body: { email: ADMIN.email, password: ADMIN.password } });
const second = (cookie: string, body: object) => rig.call('/api/auth/sign-in/second-factor', { cookie, body });

describe('the second factor', () => {
  it('is switched on with the password and the first code, and the session goes on in a new cookie', async () => {
    const cookie = await rig.signIn();
    expect((await begin(cookie, 'not the password')).status).toBe(400);
    const made = (await (await begin(cookie)).json()) as { uri: string; recoveryCodes: string[] };
    const uri = new URL(made.uri);
    expect(uri.protocol).toBe('otpauth:');
    secret = base32(uri.searchParams.get('secret') ?? '');
    recoveryCodes = made.recoveryCodes;
    expect(new Set(recoveryCodes).size).toBe(10);
    expect((await first()).status, 'nothing is asked for before it is confirmed').toBe(200);
    expect((await rig.call('/api/auth/second-factor/confirm', { cookie, body: { code: '000000' } })).status).toBe(400);
    const on = await rig.call('/api/auth/second-factor/confirm', { cookie, body: { code: code() } });
    expect(on.status).toBe(200);
    expect(await (await rig.call('/api/auth/profile', { cookie: cookieOf(on) })).json()).toEqual({
      password: true,
      secondFactor: true,
    });
    expect((await rig.call('/api/me', { cookie })).status).toBe(401);
    const stored = JSON.stringify(await q().selectFrom('two_factors').selectAll().execute());
    for (const word of [uri.searchParams.get('secret') ?? '', ...recoveryCodes]) expect(stored).not.toContain(word);
  });
  it('makes the password alone worth nothing', async () => {
    const half = await first();
    expect(await half.json()).toEqual({ secondFactor: true });
    const cookie = cookieOf(half);
    for (const path of ['/api/me', '/api/auth/profile', '/api/may/configure'])
      expect((await rig.call(path, { cookie })).status).toBe(401);
    expect(await q().selectFrom('audit').select('seq').where('verb', '=', 'sessions.open').execute()).toHaveLength(2);
  });
  it('lets a right code in, once', async () => {
    const cookie = cookieOf(await first());
    const now = code(1);
    const answer = await second(cookie, { code: now });
    expect(answer.status).toBe(200);
    expect((await rig.call('/api/me', { cookie: cookieOf(answer) })).status).toBe(200);
    expect((await second(cookieOf(await first()), { code: now })).status, 'whoever saw it cannot use it').toBe(401);
  });
  it('lets one of two in who use the same code at once', async () => {
    await q().deleteFrom('used_codes').execute();
    const [one, other] = [cookieOf(await first()), cookieOf(await first())];
    const now = code();
    const answers = await Promise.all([second(one, { code: now }), second(other, { code: now })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });
  it('takes a recovery code instead, once', async () => {
    const [recovery = ''] = recoveryCodes;
    const answer = await second(cookieOf(await first()), { code: recovery, recovery: true });
    expect(answer.status).toBe(200);
    await q().deleteFrom('used_codes').execute();
    expect((await second(cookieOf(await first()), { code: recovery, recovery: true })).status).toBe(401);
  });
  it.each([
    'two_factor=x',
    'orrery.two_factor=x.y',
    `orrery.two_factor=${'a'.repeat(5000)}`,
    "orrery.two_factor=' OR 1=1",
  ])('is no way in by itself: %s', async (cookie) => {
    expect((await second(cookie, { code: code() })).status).toBe(401);
  });
  it('with a forged signature on its cookie is refused', async () => {
    const cookie = cookieOf(await first());
    await q().deleteFrom('used_codes').execute();
    const forged = cookie.replace(/(two_factor=[^;]*)...(;|$)/, '$1AAA$2');
    expect((await second(forged, { code: code() })).status).toBe(401);
  });
  it('ends a sign-in after five wrong codes, and locks the account’s second factor after ten', async () => {
    await q().updateTable('two_factors').set({ failed_verification_count: 0, locked_until: null }).execute();
    const one = cookieOf(await first());
    for (let i = 0; i < 5; i++) expect((await second(one, { code: `00000${i}` })).status).toBe(401);
    await q().deleteFrom('used_codes').execute();
    expect((await second(one, { code: code() })).status).toBe(401);
    ahead += 61_000;
    const other = cookieOf(await first());
    for (let i = 0; i < 5; i++) expect((await second(other, { code: `00001${i}` })).status).toBe(401);
    const third = cookieOf(await first());
    expect((await second(third, { code: '000099' })).status).toBe(429);
    await q().updateTable('two_factors').set({ failed_verification_count: 0, locked_until: null }).execute();
  });
  it('gives new recovery codes for the password, and is switched off by it', async () => {
    await q().deleteFrom('used_codes').execute();
    const cookie = cookieOf(await second(cookieOf(await first()), { code: recoveryCodes[1], recovery: true }));
    const made = await rig.call('/api/auth/second-factor/recovery-codes', {
      cookie,
      body: { password: ADMIN.password },
    });
    expect(((await made.json()) as { recoveryCodes: string[] }).recoveryCodes).not.toContain(recoveryCodes[2]);
    expect(
      (await rig.call('/api/auth/second-factor/disable', { cookie, body: { password: 'not it at all' } })).status,
    ).toBe(400);
    const off = await rig.call('/api/auth/second-factor/disable', { cookie, body: { password: ADMIN.password } });
    expect(off.status).toBe(200);
    expect(await (await first()).json()).toMatchObject({ kind: 'user' });
  });
  it('is not for keys, and not for nobody', async () => {
    for (const path of ['begin', 'disable', 'recovery-codes']) {
      const headers = { 'x-api-key': rig.access.localKey };
      const body = { password: ADMIN.password };
      expect((await rig.call(`/api/auth/second-factor/${path}`, { headers, body })).status).toBe(403);
      expect((await rig.call(`/api/auth/second-factor/${path}`, { body })).status).toBe(401);
    }
  });
});

describe('passkeys', () => {
  it('are asked for in one way, whoever asks', async () => {
    const shape = async (cookie?: string) => {
      const response = await rig.call('/api/auth/sign-in/passkey/challenge', {
        method: 'POST',
        ...(cookie ? { cookie } : {}),
      });
      const { challenge: _, ...rest } = (await response.json()) as { challenge: string };
      return JSON.stringify(rest);
    };
    expect(await shape()).toBe(await shape(await rig.signIn()));
  });
  it('that nobody made let nobody in', async () => {
    const start = await rig.call('/api/auth/sign-in/passkey/challenge', { method: 'POST' });
    const response = {
      id: 'unknown',
      rawId: 'unknown',
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON: '', authenticatorData: '', signature: '' },
    };
    for (const cookie of [cookieOf(start), undefined])
      expect((await rig.call('/api/auth/sign-in/passkey', { body: { response }, cookie })).status).toBe(401);
  });
});

it.each([
  ['https://hub.example.com', '__Host-orrery.two_factor=abc.signature', 'abc'],
  ['https://hub.example.com', 'orrery.two_factor=abc.signature', undefined],
  ['http://127.0.0.1:5400', 'orrery.two_factor=abc.signature', 'abc'],
])('the cookie between password and code is found under its name at %s', (publicUrl, cookie, found) => {
  expect(signedCookie(new Request(publicUrl, { headers: { cookie } }), publicUrl, 'two_factor')).toBe(found);
});
