import type { AuditRecord, KeyView } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../platform/clock.ts';
import { type Database, inTransaction } from '../platform/db.ts';
import { temporaryDatabase } from '../platform/testing.ts';
import { audit, verifyAudit } from './audit.ts';
import { systemCaller } from './caller.ts';
import type { AccessTables } from './tables.ts';
import { META_KEY, openRig, type Rig } from './testing.ts';

let database: Database;
let rig: Rig;
let now = Date.parse('2026-11-02T09:00:00Z');
const clock: Clock = { now: () => now, monotonic: () => performance.now() };
const q = () => database.db.withTables<AccessTables>();

beforeAll(async () => {
  database = await temporaryDatabase();
  rig = openRig(database, { clock, staleMs: 60_000, assigned: { acme: ['veria', 'rollizr'] } });
  const more = { declared_source: 'api' as const, declared_ref: null, features: '[]', tier: 5 };
  for (const id of ['acme', 'globex'])
    await q()
      .insertInto('tenants')
      .values({ id, name: id, created_at: 0, updated_at: 0, ...more })
      .execute();
});
afterAll(async () => {
  await rig.access.close();
  await database.close();
});

const by = (key: string) => ({ 'x-api-key': key });
async function make(input: unknown, maker = rig.access.localKey): Promise<KeyView & { key: string }> {
  const response = await rig.call('/api/keys', { headers: by(maker), body: input });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as KeyView & { key: string };
}
const list = async (key = rig.access.localKey) =>
  ((await (await rig.call('/api/keys', { headers: by(key) })).json()) as { items: KeyView[] }).items;
const opens = async (key: string, path = '/api/may/ops-view') => (await rig.call(path, { headers: by(key) })).status;

describe('a key', () => {
  it('is shown once; the database and the list hold a digest and a prefix', async () => {
    const made = await make({ name: 'deploys', role: 'operator' });
    expect(made.key).toMatch(/^orr_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    expect(made.prefix).toBe(made.key.slice(0, 20));
    expect(await opens(made.key)).toBe(200);
    expect(await opens(made.key, '/api/may/configure')).toBe(403);
    const stored = JSON.stringify([
      await q().selectFrom('api_keys').selectAll().execute(),
      await list(),
      await q().selectFrom('audit').selectAll().execute(),
    ]);
    expect(stored).not.toContain(made.key.split('_').slice(2).join('_'));
    expect(await (await rig.call('/api/me', { headers: by(made.key) })).json()).toMatchObject({
      kind: 'key',
      role: 'operator',
    });
  });
  it('with another secret, another id or none of either is refused', async () => {
    const { key, id } = await make({ name: 'k', role: 'operator' });
    const wrong = [
      `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`,
      key.replace(id, '0000000000000000'),
      `orr_${id}_`,
      `orr_${id}`,
      `${key} `.repeat(2),
    ];
    for (const text of wrong) expect([text.length, await opens(text)]).toEqual([text.length, 401]);
  });
  it('ends when it expires, also one that was used a moment before', async () => {
    const { key } = await make({ name: 'short', role: 'operator', expiresInDays: 1 });
    now += 86_400_000 - 1;
    expect(await opens(key)).toBe(200);
    now += 1;
    expect(await opens(key)).toBe(401);
  });
  it('ends at once when it is revoked, and can be revoked once', async () => {
    const { key, id } = await make({ name: 'gone', role: 'operator' });
    expect(await opens(key)).toBe(200);
    const revoke = () => rig.call(`/api/keys/${id}`, { method: 'DELETE', headers: by(rig.access.localKey) });
    const both = await Promise.all([revoke(), revoke()]);
    expect(both.map((r) => r.status).sort()).toEqual([200, 409]);
    expect(await opens(key)).toBe(401);
    expect((await list()).find((k) => k.id === id)?.revokedAt).toBe(new Date(now).toISOString());
    const trail = await q()
      .selectFrom('audit')
      .selectAll()
      .where('target', '=', id)
      .where('verb', '=', 'keys.revoke')
      .execute();
    expect(trail).toHaveLength(1);
    expect(await verifyAudit(database.db)).toMatchObject({ ok: true });
  });
  it('has its last use written once a minute at most', async () => {
    const { key, id } = await make({ name: 'busy', role: 'operator' });
    const quick = openRig(database, { clock, staleMs: 0 });
    const use = async () => {
      for (let i = 0; i < 20; i++) await quick.call('/api/may/ops-view', { headers: by(key) });
      await quick.access.close();
      return (await list()).find((k) => k.id === id)?.lastUsedAt;
    };
    const first = new Date(now).toISOString();
    expect(await use()).toBe(first);
    now += 59_000;
    expect(await use()).toBe(first);
    now += 1_000;
    expect(await use()).toBe(new Date(now).toISOString());
  });
});

describe('a key that is limited to projects', () => {
  it('makes no key that sees or can do more than itself, and sees no other', async () => {
    const limited = await make({ name: 'team', role: 'admin', projects: ['veria', 'performia'] });
    expect(limited.projects).toEqual(['veria', 'performia']);
    const inherits = await make({ name: 'inherits', role: 'operator' }, limited.key);
    expect(inherits.projects).toEqual(['veria', 'performia']);
    const wide = await rig.call('/api/keys', {
      headers: by(limited.key),
      body: { name: 'w', role: 'viewer', projects: ['rollizr'] },
    });
    expect(wide.status).toBe(404);
    const foreign = await make({ name: 'foreign', role: 'operator' });
    expect((await list(limited.key)).map((k) => k.name).sort()).toEqual(['inherits', 'team']);
    const hidden = await rig.call(`/api/keys/${foreign.id}`, { method: 'DELETE', headers: by(limited.key) });
    const missing = await rig.call('/api/keys/0000000000000000', { method: 'DELETE', headers: by(limited.key) });
    const body = async (r: Response) => ({ ...((await r.json()) as object), requestId: '' });
    expect([hidden.status, await body(hidden)]).toEqual([404, await body(missing)]);
    expect(await opens(foreign.key)).toBe(200);
  });
});

describe('a key of a tenant', () => {
  it('is made by staff and sees what is assigned to the tenant', async () => {
    const made = await make({ name: 'of acme', role: 'admin', tenant: 'acme' });
    expect(made).toMatchObject({ tenant: 'acme', projects: 'all' });
    expect(await (await rig.call('/api/me', { headers: by(made.key) })).json()).toMatchObject({
      tenant: 'acme',
      projects: ['rollizr', 'veria'],
    });
    const narrow = await make({ name: 'narrow', role: 'viewer', tenant: 'acme', projects: ['veria', 'foreign'] });
    expect(await (await rig.call('/api/me', { headers: by(narrow.key) })).json()).toMatchObject({
      projects: ['veria'],
    });
  });
  it('makes keys of its own tenant alone, and learns of no other', async () => {
    const { key } = await make({ name: 'maker', role: 'admin', tenant: 'acme' });
    expect(await make({ name: 'own', role: 'viewer', tenant: 'acme' }, key)).toMatchObject({ tenant: 'acme' });
    expect(await make({ name: 'unsaid', role: 'viewer' }, key)).toMatchObject({ tenant: 'acme' });
    const answers = await Promise.all(
      ['globex', 'nobody'].map(async (tenant) => {
        const response = await rig.call('/api/keys', { headers: by(key), body: { name: 'x', role: 'viewer', tenant } });
        return { ...((await response.json()) as object), requestId: '' };
      }),
    );
    expect(answers[0]).toMatchObject({ status: 400, fields: [{ field: 'tenant' }] });
    expect(answers[0]).toEqual(answers[1]);
    expect((await list(key)).every(({ tenant }) => tenant === 'acme')).toBe(true);
  });
  it('that is limited to some projects looks after nobody, and reads of its projects alone in the trail', async () => {
    const { key } = await make({ name: 'limited', role: 'admin', tenant: 'acme', projects: ['veria'] });
    const invited = await rig.call('/api/invitations', {
      headers: by(key),
      body: { email: 'mallory@example.com', role: 'admin' },
    });
    expect(invited.status).toBe(403);
    expect((await rig.call('/api/users', { headers: by(key) })).status).toBe(403);
    expect((await rig.call('/api/users/usr_x/reset-link', { method: 'POST', headers: by(key) })).status).toBe(403);
    for (const project of ['veria', 'rollizr', undefined])
      await inTransaction(database.db, (trx) =>
        audit(trx, {
          caller: { ...systemCaller('acme'), tenant: 'acme' },
          verb: 'alerts.acknowledge',
          target: 'alr_1',
          ...(project ? { project } : {}),
          at: now,
        }),
      );
    const trail = async (who: string) =>
      ((await (await rig.call('/api/audit?verb=alerts', { headers: by(who) })).json()) as { items: AuditRecord[] })
        .items;
    expect((await trail(key)).map(({ project }) => project)).toEqual(['veria']);
    const { key: whole } = await make({ name: 'whole', role: 'admin', tenant: 'acme' });
    expect((await trail(whole)).map(({ project }) => project)).toEqual([null, 'rollizr', 'veria']);
  });
});

describe('bad input', () => {
  it.each([
    [{ role: 'operator' }, 'name'],
    [{ name: '', role: 'operator' }, 'name'],
    [{ name: ' ', role: 'operator' }, 'name'],
    [{ name: 'a\u0000b', role: 'operator' }, 'name'],
    [{ name: 'x', role: 'root' }, 'role'],
    [{ name: 'x', role: 'constructor' }, 'role'],
    [{ name: 'x', role: 'viewer', projects: [] }, 'projects'],
    [{ name: 'x', role: 'viewer', projects: ['../etc'] }, 'projects'],
    [{ name: 'x', role: 'viewer', expiresInDays: 0 }, 'expiresInDays'],
    [{ name: 'x', role: 'viewer', tenant: 'nobody' }, 'tenant'],
    [{ name: 'x', role: 'viewer', tenant: 'null' }, 'tenant'],
    [{ name: 'x', role: 'viewer', tenant: '' }, 'tenant'],
  ])('%j names %s and stores nothing', async (body, field) => {
    const before = (await list()).length;
    const response = await rig.call('/api/keys', { headers: by(rig.access.localKey), body });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { detail: string }).detail).toContain(field);
    expect((await list()).length).toBe(before);
  });
  it('cannot reach the prototype of every object', async () => {
    const raw =
      '{"name":"p","role":"viewer","__proto__":{"role":"admin","polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    await rig.call('/api/keys', { headers: by(rig.access.localKey), raw });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(({} as Record<string, unknown>).role).toBeUndefined();
    expect((await list()).some((key) => key.name === 'p' && key.role === 'admin')).toBe(false);
  });
  it('is refused before it is read when the caller may not make keys', async () => {
    const response = await rig.call('/api/keys', { headers: by(META_KEY), body: { name: 'x', role: 'admin' } });
    expect(response.status).toBe(403);
  });
});

describe('rotating a key', () => {
  const rotate = (id: string, overlapHours?: number) =>
    rig.call(`/api/keys/${id}/rotate`, {
      headers: by(rig.access.localKey),
      body: overlapHours === undefined ? {} : { overlapHours },
    });
  it('gives it a new secret under the same id; the old one counts until its time, and not longer', async () => {
    const made = await make({ name: 'rotated', role: 'operator' });
    const next = (await (await rotate(made.id, 2)).json()) as KeyView & { key: string };
    expect(next.id).toBe(made.id);
    expect(next.previousUntil).toBe(new Date(now + 2 * 3_600_000).toISOString());
    expect([await opens(made.key), await opens(next.key)]).toEqual([200, 200]);
    now += 2 * 3_600_000;
    expect([await opens(made.key), await opens(next.key)]).toEqual([401, 200]);
    const third = (await (await rotate(made.id, 0)).json()) as KeyView & { key: string };
    expect([await opens(made.key), await opens(next.key), await opens(third.key)]).toEqual([401, 401, 200]);
  });
  it('lets one of two at once win', async () => {
    const made = await make({ name: 'raced', role: 'operator' });
    const answers = await Promise.all([rotate(made.id), rotate(made.id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
  it('is refused for one that has ended, and for one that nobody knows', async () => {
    const made = await make({ name: 'over', role: 'operator' });
    await rig.call(`/api/keys/${made.id}`, { method: 'DELETE', headers: by(rig.access.localKey) });
    expect((await rotate(made.id)).status).toBe(409);
    for (const id of ['0000000000000000', '*', 'null', "' OR 1=1"])
      expect((await rotate(encodeURIComponent(id))).status).toBe(404);
  });
});
