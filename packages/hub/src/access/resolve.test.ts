import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { injections } from '../../../../test/services/injections.ts';
import type { Database } from '../platform/db.ts';
import { temporaryDatabase } from '../platform/testing.ts';
import { systemCaller } from './caller.ts';
import { ADMIN, CRON_SECRET, META_KEY, openRig, PROJECT_KEY, type Rig } from './testing.ts';

let database: Database;
let rig: Rig;
beforeAll(async () => {
  database = await temporaryDatabase();
  rig = openRig(database);
  await rig.access.seedAdmin(systemCaller('test'), ADMIN);
});
afterAll(async () => {
  await rig.access.close();
  await database.close();
});

const PAGES = ['leads-view', 'ai-run', 'ops-view', 'actions-run', 'alerts-manage', 'configure'].map(
  (p) => `/api/may/${p}`,
);
const status = async (path: string, headers: Record<string, string>, method = 'GET') =>
  (await rig.call(path, { headers, method, ...(method === 'POST' ? { body: {} } : {}) })).status;

describe('a key', () => {
  it('of the federation reads operations and nothing else, in either header', async () => {
    for (const headers of [{ 'x-api-key': META_KEY }, { authorization: `Bearer ${META_KEY}` }]) {
      const answers = await Promise.all(PAGES.map((path) => status(path, headers)));
      expect(answers).toEqual([403, 403, 200, 403, 403, 403]);
      expect(await status('/api/cron/now', headers)).toBe(403);
      expect(await status('/api/push', headers, 'POST')).toBe(403);
      expect(await (await rig.call('/api/me', { headers })).json()).toMatchObject({
        kind: 'meta',
        permissions: ['ops:view'],
      });
    }
  });
  it('of the scheduler opens the scheduled routes only, and only as a bearer token', async () => {
    const headers = { authorization: `Bearer ${CRON_SECRET}` };
    expect(await status('/api/cron/now', headers)).toBe(200);
    for (const path of [...PAGES, '/api/any', '/api/me', '/api/keys']) expect(await status(path, headers)).toBe(403);
    expect(await status('/api/cron/now', { 'x-api-key': CRON_SECRET })).toBe(401);
  });
  it('of a project pushes for that project and reads nothing', async () => {
    const headers = { 'x-api-key': PROJECT_KEY };
    expect(await (await rig.call('/api/push', { headers, body: {} })).json()).toMatchObject({ id: 'project:veria' });
    for (const path of [...PAGES, '/api/me', '/api/cron/now']) expect(await status(path, headers)).toBe(403);
  });
  it('of this process is an administrator, and differs in every process', async () => {
    expect(await status('/api/may/configure', { 'x-api-key': rig.access.localKey })).toBe(200);
    const second = openRig(database);
    expect(second.access.localKey).not.toBe(rig.access.localKey);
    expect((await second.call('/api/me', { headers: { 'x-api-key': rig.access.localKey } })).status).toBe(401);
    await second.access.close();
  });
  it('that is not good is refused, even beside a good session or on a public route', async () => {
    const cookie = await rig.signIn();
    const bad = [
      { 'x-api-key': '' },
      { 'x-api-key': 'wrong' },
      { 'x-api-key': `${META_KEY}x` },
      { 'x-api-key': `${META_KEY}, ${META_KEY}` },
      { 'x-api-key': 'x'.repeat(10_000) },
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: `Basic ${Buffer.from('ada:pass').toString('base64')}` },
      { authorization: META_KEY },
      { authorization: `Bearer ${'x'.repeat(10_000)}` },
      { authorization: `Bearer ${META_KEY}`, 'x-api-key': 'another' },
    ];
    for (const [i, headers] of bad.entries())
      for (const path of ['/api/me', '/api/public', '/api/may/ops-view']) {
        const response = await rig.call(path, {
          headers: headers as Record<string, string>,
          cookie,
          ip: `10.9.9.${i}`,
        });
        expect([headers, response.status]).toEqual([headers, 401]);
      }
  });
  it('says with 401 how to sign in, and with 403 what is missing', async () => {
    const none = await rig.call('/api/may/ops-view');
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toMatch(/Bearer/);
    const less = await rig.call('/api/may/configure', { headers: { 'x-api-key': META_KEY } });
    expect(await less.json()).toMatchObject({ status: 403, detail: expect.stringContaining('configure') });
  });
});

describe('500 injection strings in a header', () => {
  const strings = injections();
  const everyRoute = (one: Rig) =>
    one.routes.map((r) => ({ method: r.method.toUpperCase(), path: r.path.replaceAll(/\{\w+\}/g, 'x') }));
  async function answers(one: Rig): Promise<Set<number>> {
    const seen = new Set<number>();
    const routes = everyRoute(one);
    for (const [i, text] of strings.entries())
      for (const [j, { method, path }] of routes.entries()) {
        const headers: Record<string, string> = j % 2 ? { 'x-api-key': text } : { authorization: `Bearer ${text}` };
        const ip = `10.${j}.${i >> 8}.${i & 255}`;
        seen.add((await one.call(path, { method, headers, ip, ...(method === 'POST' ? { body: {} } : {}) })).status);
      }
    return seen;
  }
  it('are all unauthorized on every route', async () => {
    expect(new Set(strings).size).toBe(500);
    expect([...(await answers(rig))]).toEqual([401]);
  }, 60_000);
  it('are all unauthorized when the database is gone too', async () => {
    const lost = await temporaryDatabase();
    const one = openRig(lost);
    await lost.close();
    expect([...(await answers(one))]).toEqual([401]);
  }, 60_000);
});

it('routes answer their own placeholders and odd ids with 404 or 400', async () => {
  const headers = { 'x-api-key': rig.access.localKey };
  for (const id of [
    '{id}',
    ':id',
    '*',
    'null',
    'undefined',
    '%00',
    '%2e%2e',
    '[object Object]',
    '[]',
    '0',
    "'",
    'a'.repeat(200),
  ]) {
    const response = await rig.call(`/api/keys/${id}`, { method: 'DELETE', headers });
    expect([id, response.status]).toEqual([id, expect.toBeOneOf([400, 404])]);
  }
});
