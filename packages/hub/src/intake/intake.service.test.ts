import { afterEach, describe, expect, test } from 'vitest';
import { eachDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import type { Caller } from '../access/index.ts';
import { projectCaller } from '../access/index.ts';
import { broken, ok, project, target, testIntake } from './testing.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

let sequence = 0;
const event = (subject: string, data: unknown, id = `e-${++sequence}`) => ({
  specversion: '1.0',
  id,
  source: 'http://veria.test',
  type: `veria.mesh.${subject}`,
  data,
});
const samples = (...list: unknown[]) => event('metrics.samples', { projectSlug: 'veria', samples: list });
const veria: Caller = projectCaller('veria');

eachDatabase((_name, open) => {
  async function opened(options: { project?: Parameters<typeof project>[2]; url?: string } = {}) {
    const database = await open();
    const kit = testIntake(database.db);
    cleanUp.push(kit.stop);
    await kit.intake.sync([project('veria', options.url ?? 'http://127.0.0.1:1', options.project ?? [], '200ms')]);
    return { ...kit, db: database.db };
  }

  describe('the event door', () => {
    test('takes each event once, however often and however many at a time it is sent', async () => {
      const { intake, events, latest } = await opened();
      const batch = [
        ...Array.from({ length: 50 }, (_, i) => event('events.tick', { i }, `tick-${i}`)),
        samples({ key: 'revenue_24h', value: 5 }),
      ];
      const receipts = await Promise.all(
        [batch, batch.toReversed(), batch].map((some) => intake.acceptEvents(veria, some)),
      );
      expect(receipts.map(({ accepted }) => accepted).reduce((a, b) => a + b)).toBe(51);
      expect(receipts.map(({ duplicates }) => duplicates).reduce((a, b) => a + b)).toBe(102);
      expect(receipts.flatMap(({ refused }) => refused)).toEqual([]);
      expect(await events()).toHaveLength(50);
      expect((await events()).map(({ id }) => id)).toContain('tick-7');
      expect(await latest('veria', 'revenue_24h')).toBe(5);
      const twice = [event('events.tick', {}, 'same'), event('events.tick', {}, 'same')];
      expect(await intake.acceptEvents(veria, twice)).toMatchObject({ accepted: 1, duplicates: 1 });
    });

    test('refuses one event of a batch by field and reason, takes the others, and takes the corrected one later', async () => {
      const { intake, events } = await opened();
      const wrong = { ...event('events.x', {}, 'wrong'), type: 'performia.mesh.events.x' };
      const receipt = await intake.acceptEvents(veria, [wrong, event('events.y', {}, 'right')]);
      expect(receipt).toEqual({
        accepted: 1,
        duplicates: 0,
        refused: [{ id: 'wrong', field: 'type', reason: "must begin with the project's namespace veria.mesh" }],
      });
      expect((await events()).map(({ id }) => id)).toEqual(['right']);
      expect(intake.refusals()).toEqual([{ project: 'veria', reason: 'event_namespace', count: 1 }]);
      expect(await intake.acceptEvents(veria, [event('events.x', {}, 'wrong')])).toMatchObject({ accepted: 1 });
    });

    test('counts every sample that it does not keep, and keeps no number that is none', async () => {
      const { intake, latest } = await opened();
      const tags = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`t${i}`, 'x']));
      const raw = JSON.stringify([
        samples(
          { key: 'good', value: 42 },
          { key: 'a', value: 'NaN' },
          { key: 'b', value: 'Infinity' },
          { key: 'c', value: 2 ** 60 },
          { key: 'd', value: -1, unit: 'count' },
          { key: 'e', value: 1, at: '2020-01-01T00:00:00Z' },
          { key: 'f', value: 1, at: new Date(Date.now() + 3_600_000).toISOString() },
          { key: 'g', value: 1, tags },
          { key: 'h', value: 1, tags: { n: 5 } },
          { key: 'constructor', value: 1 },
          { key: 'x'.repeat(1_000_000), value: 1 },
          { key: 'i', value: 'text'.repeat(1000) },
          { key: 'j', value: null },
        ),
      ])
        .replace('"good"', '"__proto__"')
        .replace('},{"key":"a"', '},{"key":"good","value":42},{"key":"k","value":1e999},{"key":"a"');
      const receipt = await intake.acceptEvents(veria, JSON.parse(raw));
      expect(receipt).toMatchObject({ accepted: 1, refused: [] });
      const counted = Object.values(receipt.samplesRefused ?? {}).reduce((a, b) => a + b, 0);
      expect(counted).toBe(14);
      expect(receipt.samplesRefused).toMatchObject({
        non_finite: 3,
        too_many_tags: 1,
        too_old: 1,
        in_future: 1,
        bad_shape: 1,
      });
      expect(intake.refusals().reduce((sum, { count }) => sum + count, 0)).toBe(14);
      expect(await latest('veria', 'good')).toBe(42);
      expect(({} as Record<string, unknown>).value).toBeUndefined();
    });

    test('acknowledges nothing that is not stored: when the samples fail, the events and their ids are not there either', async () => {
      const { intake, events, db } = await opened();
      const batch = [event('events.tick', {}, 'tick'), samples({ key: 'a', value: 1 })];
      await db.schema.alterTable('samples').renameTo('samples_away').execute();
      await expect(intake.acceptEvents(veria, batch)).rejects.toThrow();
      expect(await events()).toEqual([]);
      await db.schema.alterTable('samples_away').renameTo('samples').execute();
      expect(await intake.acceptEvents(veria, batch)).toMatchObject({ accepted: 2, duplicates: 0 });
    });

    test('is for projects only, and each pushes for itself', async () => {
      const { intake, me } = await opened();
      await expect(intake.acceptEvents(me, [])).rejects.toMatchObject({ code: 'forbidden' });
      await expect(intake.acceptEvents(projectCaller('stranger'), [])).rejects.toMatchObject({ code: 'unavailable' });
    });

    test('presence and health say that the project is alive', async () => {
      const { intake, facts } = await opened();
      const presence = { projectSlug: 'veria', meshNs: 'veria.mesh', hubUrl: 'http://veria.test', version: '3.0.0' };
      await intake.acceptEvents(veria, [event('hub.presence.h1', presence)]);
      expect(facts.at(-1)).toMatchObject({
        projects: ['veria'],
        seen: [{ project: 'veria', version: '3.0.0', at: expect.any(Number) }],
      });
    });
  });

  test('states, checks and uptime survive a restart and are read by a hub that does not probe', async () => {
    const database = await open();
    const server = await target(ok);
    cleanUp.push(server.stop);
    const declared = [project('veria', server.url, [{ kind: 'http', url: server.url, failAfter: 1 }], '200ms')];
    const prober = testIntake(database.db);
    cleanUp.push(prober.stop);
    await prober.intake.sync(declared);
    await prober.intake.start();
    await until(async () => (await prober.service('veria')).history.length >= 3, { what: 'three checks' });
    server.become(broken);
    await until(async () => (await prober.service('veria')).status === 'down', { what: 'down' });
    await prober.intake.stop();
    const reader = testIntake(database.db);
    cleanUp.push(reader.stop);
    await reader.intake.sync(declared);
    expect(await reader.service('veria')).toEqual(await prober.service('veria'));
    expect(await reader.service('veria', 2)).toMatchObject({ status: 'down', history: { length: 2 } });
  });

  test('old checks, ids and log lines go; the newest stay', async () => {
    const server = await target((request, response) => {
      const lines = Array.from({ length: 2500 }, (_, i) => ({
        at: new Date().toISOString(),
        level: 'info',
        message: `line ${i}`,
      }));
      const { searchParams, pathname } = new URL(request.url ?? '', 'http://x');
      const from = Number(searchParams.get('cursor') ?? 0);
      const page = lines.slice(from, from + Number(searchParams.get('limit')));
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(
          pathname === '/api/logs' ? { entries: page, nextCursor: String(from + page.length) } : { status: 'healthy' },
        ),
      );
    });
    cleanUp.push(server.stop);
    const { intake, me, service, db } = await opened({ url: server.url, project: [{ kind: 'instance' }] });
    await intake.start();
    await until(async () => (await service('veria')).history.length >= 4, { what: 'four checks' });
    await intake.acceptEvents(veria, [event('events.x', {}, 'old')]);
    await intake.stop();
    await intake.expire(3_600_000);
    expect((await service('veria')).history.length).toBeGreaterThanOrEqual(4);
    const log = await intake.projectLogs(me, { project: 'veria', limit: 1000 });
    expect(log.entries[0]?.message).toBe('line 2499');
    const tables = db.withTables<{ log_entries: { id: number }; inbox: { received_at: number } }>();
    const count = async () =>
      Number(
        (
          await tables
            .selectFrom('log_entries')
            .select((eb) => eb.fn.countAll().as('n'))
            .executeTakeFirstOrThrow()
        ).n,
      );
    expect(await count()).toBe(2000);
    await intake.expire(-1000);
    expect((await service('veria')).history).toEqual([]);
    expect(await intake.acceptEvents(veria, [event('events.x', {}, 'old')])).toMatchObject({ duplicates: 1 });
    await tables
      .updateTable('inbox')
      .set({ received_at: Date.now() - 9 * 86_400_000 })
      .execute();
    await intake.expire(1000);
    expect(await intake.acceptEvents(veria, [event('events.x', {}, 'old')])).toMatchObject({ duplicates: 0 });
  });
});
