import { DENIED } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../test/services/databases.ts';
import { audit } from './audit.ts';
import { systemCaller } from './caller.ts';
import type { AccessTables } from './tables.ts';
import { openRig, type Rig } from './testing.ts';

type Entry = {
  seq: number;
  verb: string;
  target: string;
  after: Record<string, unknown> | null;
  actor: { id: string };
};

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let rig: Rig;
  const q = () => database.db.withTables<AccessTables>();
  const admin = () => ({ 'x-api-key': rig.access.localKey });
  const read = async (query = '') =>
    (await (await rig.call(`/api/audit${query}`, { headers: admin() })).json()) as {
      items: Entry[];
      nextCursor?: string;
    };
  beforeAll(async () => {
    database = await open();
    rig = openRig(database);
    for (let n = 1; n <= 7; n++)
      await audit(database.db, {
        caller: { ...systemCaller('test'), ...(n % 2 ? { ip: '192.0.2.1' } : {}), tenant: n === 7 ? 'acme' : null },
        verb: n < 4 ? 'things.change' : 'thingsome.make',
        target: `100%_${n}`,
        ...(n === 5 ? { project: 'veria' } : {}),
        before: { name: `Old ${n}` },
        after: { name: 'Zürich', n },
        at: Date.UTC(2026, 0, n),
      });
  });
  afterAll(() => rig.access.close());

  describe('the database', () => {
    it('refuses to change or delete an entry, or to turn the head back, whoever asks', async () => {
      await expect(q().updateTable('audit').set({ verb: 'x' }).execute()).rejects.toThrow('append-only');
      await expect(q().deleteFrom('audit').where('seq', '=', 3).execute()).rejects.toThrow('append-only');
      await expect(q().updateTable('audit_head').set({ seq: 1 }).execute()).rejects.toThrow('append-only');
      await expect(q().deleteFrom('audit_head').execute()).rejects.toThrow('append-only');
    });
  });

  describe('reading', () => {
    it('gives pages, newest first, each once', async () => {
      const first = await read('?limit=4&verb=things');
      expect(first).toMatchObject({ items: [{ seq: 3 }, { seq: 2 }, { seq: 1 }] });
      const pageOne = await read('?limit=4&to=2026-02-01T00:00:00Z');
      const pageTwo = await read(`?limit=4&to=2026-02-01T00:00:00Z&cursor=${pageOne.nextCursor}`);
      expect([...pageOne.items, ...pageTwo.items].map(({ seq }) => seq)).toEqual([7, 6, 5, 4, 3, 2, 1]);
      expect(pageTwo.nextCursor).toBeUndefined();
    });
    it.each([
      ['?verb=things.change', [3, 2, 1]],
      ['?verb=thingsome', [7, 6, 5, 4]],
      ['?verb=thing', []],
      ['?project=veria', [5]],
      ['?target=100%25_2', [2]],
      ['?q=100%25_3', [3]],
      ['?q=OLD%206', [6]],
      ['?q=192.0.2.1&verb=things', [3, 1]],
      ['?actor=system:test&from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00Z', [6]],
      ['?actor=nobody', []],
    ] as const)('filters by %s', async (query, expected) => {
      expect((await read(query)).items.map(({ seq }) => seq)).toEqual(expected);
    });
    it('opens one entry with what was before and after, and says of a wrong filter which field it is', async () => {
      const one = await rig.call('/api/audit/5', { headers: admin() });
      expect(await one.json()).toMatchObject({ seq: 5, project: 'veria', before: { name: 'Old 5' }, after: { n: 5 } });
      expect((await rig.call('/api/audit/999', { headers: admin() })).status).toBe(404);
      for (const query of ['?from=yesterday', '?verb=a%20b', '?cursor=x', '?limit=0', '?nothing=1'])
        expect(await (await rig.call(`/api/audit${query}`, { headers: admin() })).json()).toMatchObject({
          status: 400,
        });
    });
    it('shows a tenant what its own people did, and a limited key what was done to its projects', async () => {
      const caller = { ...systemCaller('t'), tenant: 'acme' };
      expect((await rig.access.trail.list(caller, {})).items.map(({ seq }) => seq)).toEqual([7]);
      await expect(rig.access.trail.get(caller, 5)).rejects.toThrow('No such entry');
      await expect(rig.access.verifyTrail(caller)).rejects.toThrow('a part of it');
      const limited = { ...systemCaller('l'), projects: ['veria'] };
      expect((await rig.access.trail.list(limited, {})).items.map(({ seq }) => seq)).toEqual([5]);
      const pages: number[] = [];
      for await (const page of rig.access.trail.each(caller, {})) pages.push(...page.map(({ seq }) => seq));
      expect(pages).toEqual([7]);
    });
    it('is for those who may configure', async () => {
      for (const path of ['/api/audit', '/api/audit/1', '/api/audit/export', '/api/audit/verify'])
        expect((await rig.call(path)).status).toBe(401);
    });
    it('exports NDJSON, oldest first, filtered too', async () => {
      const response = await rig.call('/api/audit/export?to=2026-02-01T00:00:00Z', { headers: admin() });
      expect(response.headers.get('content-type')).toContain('application/x-ndjson');
      const lines = (await response.text()).trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line).seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });
    it('says that the chain is whole', async () => {
      expect(await (await rig.call('/api/audit/verify', { headers: admin() })).json()).toMatchObject({ ok: true });
    });
  });

  describe('a refused attempt', () => {
    it('is on record: bad keys, wrong passwords, too little permission; and not a page that merely is not signed in', async () => {
      const made = await rig.access.createKey(
        { ...systemCaller('t'), permissions: new Set(['leads:view', 'ops:view', 'configure']) },
        { name: 'reader', role: 'viewer' },
      );
      await rig.call('/api/keys', { headers: { 'x-api-key': 'orr_0011223344556677_nope' } });
      await rig.call('/api/auth/sign-in/email', { body: { email: 'a@example.com', password: 'canary' } });
      await rig.call('/api/keys', { headers: { 'x-api-key': made.key }, ip: '192.0.2.55' });
      await rig.call('/api/keys');
      await expect
        .poll(async () => (await read(`?verb=${DENIED}`)).items, { timeout: 15_000, interval: 400 })
        .toHaveLength(3);
      const { items } = await read(`?verb=${DENIED}`);
      expect(items.map(({ target }) => target).sort()).toEqual([
        'GET /api/keys',
        'GET /api/keys',
        'POST /api/auth/sign-in/email',
      ]);
      expect(items.find(({ actor }) => actor.id === made.id)).toMatchObject({
        ip: '192.0.2.55',
        after: { status: 403 },
      });
      expect(JSON.stringify(items)).not.toMatch(/nope|canary|a@example/);
    });
  });

  it('a change whose verb forgets the trail is on record all the same', async () => {
    expect((await rig.call('/api/change', { method: 'POST', headers: admin() })).status).toBe(200);
    expect((await read('?verb=api.change')).items).toMatchObject([
      { target: 'POST /api/change', actor: { id: 'local' } },
    ]);
  });
});
