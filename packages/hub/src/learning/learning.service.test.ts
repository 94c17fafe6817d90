import type { Pattern, PatternFile, Symptom } from '@orrery/protocol';
import { expect, test } from 'vitest';
import { eachDatabase } from '../../../../test/services/databases.ts';
import { audit } from '../access/index.ts';
import { movableClock, person } from '../alerts/testing.ts';
import { createEvents } from '../events/index.ts';
import type { Db } from '../platform/db.ts';
import { silentLog } from '../platform/testing.ts';
import { markLearned, unlearned } from '../repair/testing.ts';
import { createLearning } from './index.ts';

const DOWN: Symptom = {
  category: 'availability',
  severity: 'critical',
  check: 'http',
  failure: 'failing',
  cause: null,
};
const signal = new AbortController().signal;

eachDatabase((_, open) => {
  const clock = movableClock();
  /** One hub on a database. */
  const hub = (db: Db) => {
    const events = createEvents({ db, clock, log: silentLog });
    const learning = createLearning({
      ...{ db, clock, audit, appendEvents: events.append },
      repair: { unlearned: (limit) => unlearned(db, limit), markLearned },
    });
    const [job] = learning.jobs;
    return { ...learning, events, learn: () => job?.run({ signal } as never) };
  };
  let number = 0;
  const attempt = (db: Db, over: Record<string, unknown> = {}) =>
    db
      .withTables<{ heal_attempts: Record<string, unknown> }>()
      .insertInto('heal_attempts')
      .values({
        ...{ id: `heal_${String(number++).padStart(26, '0')}`, project: 'shop', service: 'api', policy: 'restart' },
        ...{ alert_id: 'a', alert_title: 't', severity: 'critical', diagnosis: '', remedy_kind: 'docker' },
        ...{ remedy_text: 'restart x', plan: '', verdict: '', status: 'done', outcome: 'healed', before_states: '{}' },
        ...{ within_ms: 1, stable_ms: 1, created_at: clock.now(), ended_at: clock.now() },
        ...{ symptom: JSON.stringify(DOWN), remedy_form: 'restart a container', ...over },
      })
      .execute();
  const admin = person('ada', 'admin');
  const at = (patterns: readonly Pattern[], project: string | null) =>
    patterns.find(({ where }) => (where?.project ?? null) === project);

  test('counts every verified attempt once, on two hubs at once and however often it runs', async () => {
    const one = await open();
    const hubs = [hub(one.db), hub(one.db)];
    for (const outcome of ['healed', 'healed', 'no effect', 'worse', 'failed', 'refused', 'expired', 'dry run'])
      await attempt(one.db, { outcome });
    await attempt(one.db, { status: 'verifying', outcome: null, ended_at: null });
    await attempt(one.db, { symptom: null });
    await Promise.all(hubs.map(({ learn }) => learn()));
    for (const { learn } of hubs) await learn();
    const patterns = await hubs[0]?.patterns(admin);
    expect(at(patterns ?? [], 'shop')).toMatchObject({ tries: 5, successes: 2, where: { service: 'api' } });
    expect(at(patterns ?? [], 'shop')?.attempts).toHaveLength(5);
    expect(at(patterns ?? [], null)).toMatchObject({ tries: 5, successes: 2 });
  });

  test('leaves mark and evidence together behind, or neither', async () => {
    const { db } = await open();
    await attempt(db);
    const broken = createLearning({
      ...{ db, clock, audit, appendEvents: async () => undefined },
      repair: {
        unlearned: (limit) => unlearned(db, limit),
        // The process ends after the mark.
        async markLearned(trx, ids, now) {
          await markLearned(trx, ids, now);
          throw new Error('killed');
        },
      },
    });
    await expect(broken.jobs[0]?.run({ signal } as never)).rejects.toThrow('killed');
    const whole = hub(db);
    await whole.learn();
    expect(at(await whole.patterns(admin), 'shop')).toMatchObject({ tries: 1 });
  });

  test('suppresses what has not helped, until a person lets it try again', async () => {
    const { db } = await open();
    const { learn, lessons, patterns, allow } = hub(db);
    const about = {
      ...{ project: 'shop', service: 'api', symptom: DOWN },
      remedy: { kind: 'docker', form: 'restart a container' },
    };
    for (let i = 0; i < 4; i++) await attempt(db, { outcome: 'no effect' });
    await learn();
    expect((await lessons())(about)).toMatchObject({ tries: 4, successes: 0 });
    const pattern = at(await patterns(admin), 'shop');
    expect(pattern).toMatchObject({ suppressed: true, allowed: null });
    clock.move(1000);
    const after = await allow(person('otto'), pattern?.id ?? '', 'a new image');
    expect(after).toMatchObject({ suppressed: false, tries: 4, allowed: { by: 'otto', reason: 'a new image' } });
    expect((await lessons())(about).tries).toBe(0);
    await attempt(db, { outcome: 'no effect', ended_at: clock.now() + 1 });
    await learn();
    expect((await lessons())(about)).toMatchObject({ tries: 1, successes: 0 });
    await expect(allow(person('vic', 'viewer'), pattern?.id ?? '', '')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(allow(person('eve', 'operator', ['bank']), pattern?.id ?? '', '')).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('shows and exports what the caller may see, without names unless they are asked for', async () => {
    const { db } = await open();
    const { learn, patterns, exportPatterns } = hub(db);
    await attempt(db);
    await attempt(db, { project: 'bank', outcome: 'worse' });
    await learn();
    const tenant = person('tia', 'operator', ['shop']);
    expect((await patterns(tenant)).map(({ where }) => where?.project)).toEqual(['shop']);
    expect((await patterns(admin, { project: 'bank' })).map(({ where }) => where?.project)).toEqual(['bank']);
    const whole = await exportPatterns(admin, false);
    expect(whole.patterns).toEqual([
      expect.objectContaining({ symptom: DOWN, remedy: { kind: 'docker', form: 'restart a container' }, tries: 2 }),
    ]);
    expect(JSON.stringify(whole)).not.toMatch(/shop|bank/);
    expect((await exportPatterns(tenant, true)).patterns.map(({ where, tries }) => [where?.project, tries])).toEqual([
      ['shop', 1],
    ]);
  });

  test('takes a file in once, marked and weaker, and hands on nothing of it', async () => {
    const from = hub((await open()).db);
    const { db } = await open();
    const to = hub(db);
    const file: PatternFile = {
      ...(await from.exportPatterns(admin, false)),
      patterns: [
        {
          symptom: DOWN,
          remedy: { kind: 'docker', form: 'restart a container' },
          ...{ tries: 8, successes: 8, lastSeenAt: new Date(clock.now()).toISOString() },
        },
      ],
    };
    const both = await Promise.all([to.importPatterns(admin, file), to.importPatterns(admin, file)]);
    expect(both.map(({ again }) => again).sort()).toEqual([false, true]);
    const [general] = await to.patterns(admin);
    expect(general).toMatchObject({ where: null, tries: 0, weight: { tries: 2, imported: 2 }, belief: { mean: 0.75 } });
    expect((await to.exportPatterns(admin, false)).patterns).toEqual([]);
    await expect(to.importPatterns(person('otto'), file)).rejects.toMatchObject({ code: 'forbidden' });
    const late = { ...file, id: file.id.replace(/.$/, '0'), exportedAt: '2999-01-01T00:00:00.000Z' };
    await expect(to.importPatterns(admin, late)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('forgets what is too old to weigh anything', async () => {
    const { db } = await open();
    const { learn, patterns, expire } = hub(db);
    await attempt(db, { ended_at: clock.now() - 400 * 86_400_000 });
    await attempt(db);
    await learn();
    await expire();
    const { count } = await db
      .withTables<{ pattern_evidence: { id: string } }>()
      .selectFrom('pattern_evidence')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(1);
    expect(at(await patterns(admin), 'shop')).toMatchObject({ tries: 1 });
  });
});
