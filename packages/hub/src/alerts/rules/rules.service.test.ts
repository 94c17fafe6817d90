// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions in texts are the subject.
import { ChannelDeclaration, RuleDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { eachDatabase, type TestDatabase } from '../../../../../test/services/databases.ts';
import { createEvents, type EventTables, type NewEvent } from '../../events/index.ts';
import { inTransaction } from '../../platform/db.ts';
import { silentLog } from '../../platform/testing.ts';
import { createChannelBook } from '../channelBook.ts';
import type { AlertTables } from '../tables.ts';
import { movableClock, person } from '../testing.ts';
import { createRules } from './rules.ts';

type RuleInput = Omit<typeof RuleDeclaration._input, 'on' | 'when'> & { on?: 'event' | 'sample'; when?: string };
const declared = (...rules: RuleInput[]) =>
  rules.map((rule, i) => ({
    declaration: RuleDeclaration.parse({ on: 'event', when: 'event.type == "deploy.finished"', ...rule }),
    ref: `orrery.yaml:${i + 1}`,
  }));
const NOTIFY: RuleInput = { name: 'tell', effect: { kind: 'notify', channels: ['ops'], title: '${event.title}' } };
const ALERT: RuleInput = {
  name: 'failed',
  effect: { kind: 'alert', title: 'Deploy ${event.data.version} failed', resolveAfter: '10m' },
};

eachDatabase((name, open) => {
  /** A hub on a database: its rules, and what came of them. */
  async function hub(database: TestDatabase, rules: RuleInput[], clock = movableClock()) {
    const { db } = database;
    const events = createEvents({ db, clock, log: silentLog });
    const book = createChannelBook();
    book.replace(
      [
        { name: 'ops', kind: 'slack', url: 'https://x.example/hook' },
        {
          name: 'own',
          kind: 'slack',
          url: 'https://x.example/hook',
          projects: ['performia'],
          severities: ['critical'],
        },
      ].map((channel) => ({ declaration: ChannelDeclaration.parse(channel), ref: 'f:1' })),
    );
    let failing = false;
    const engine = createRules({
      db,
      clock,
      log: silentLog,
      book,
      async appendEvents(trx, made) {
        if (failing) throw new Error('the database went away');
        return events.append(trx, made);
      },
    });
    await engine.sync(declared(...rules));
    return {
      engine,
      clock,
      fail: (next: boolean) => {
        failing = next;
      },
      happen: (...list: Partial<NewEvent>[]) =>
        inTransaction(db, (trx) =>
          events.append(
            trx,
            list.map((event) => ({
              at: clock.now(),
              type: 'deploy.finished',
              project: 'veria',
              title: 'Deploy',
              ...event,
            })),
          ),
        ),
      told: async () =>
        (
          await db
            .withTables<AlertTables>()
            .selectFrom('deliveries')
            .selectAll()
            .orderBy('channel')
            .orderBy('title')
            .execute()
        ).map(({ channel, title }) => `${channel}: ${title}`),
      events: async (type: string) =>
        db.withTables<EventTables>().selectFrom('events').selectAll().where('type', '=', type).orderBy('seq').execute(),
    };
  }

  describe('rules over events', () => {
    it('are not about the past, and go on after a restart where they were', async () => {
      const database = await open();
      const before = await hub(database, []);
      await before.happen({ title: 'long ago' });
      const first = await hub(database, [NOTIFY]);
      await first.happen({ title: 'one' });
      await first.engine.work();
      expect(await first.told()).toEqual(['ops: one']);
      await first.happen({ title: 'two' }, { title: 'three' });
      // This hub dies; another one begins.
      const second = await hub(database, [NOTIFY]);
      await second.engine.work();
      await second.engine.work();
      expect(await second.told()).toEqual(['ops: one', 'ops: three', 'ops: two']);
      await second.engine.sync([]);
      await second.happen({ title: 'without rules' });
      await second.engine.sync(declared(NOTIFY));
      await second.engine.work();
      expect(await second.told()).toHaveLength(3);
    });

    it('act once on each event, though several hubs look at it at once', async () => {
      const database = await open();
      const hubs = [await hub(database, [NOTIFY, ALERT]), await hub(database, [NOTIFY, ALERT])] as const;
      const titles = Array.from({ length: 700 }, (_, i) => `${i}`.padStart(3, '0'));
      await hubs[0].happen(...titles.map((title) => ({ title })));
      // PostgreSQL ends one of two that meet; it does its work in the next turn.
      await Promise.allSettled(hubs.map(({ engine }) => engine.work()));
      for (const { engine } of hubs) await engine.work();
      expect(await hubs[0].told()).toEqual(titles.map((title) => `ops: ${title}`));
    });

    it('lose nothing and tell nothing twice when acting fails in the middle', async () => {
      const database = await open();
      const { engine, fail, happen, told, events } = await hub(database, [
        NOTIFY,
        { name: 'mark', effect: { kind: 'event', type: 'deploy.marked', title: 'marked ${event.title}' } },
      ]);
      await happen({ title: 'one', id: 'e-1' });
      fail(true);
      await expect(engine.work()).rejects.toThrow('the database went away');
      expect(await told()).toEqual([]);
      fail(false);
      await engine.work();
      expect(await told()).toEqual(['ops: one']);
      expect(await events('deploy.marked')).toMatchObject([
        { title: 'marked one', project: 'veria', data: JSON.stringify({ rule: 'mark', event: 'e-1' }) },
      ]);
    });

    // SQLite has one writer: there nothing is committed out of order.
    if (name === 'postgres')
      it('see an event that is committed after a later one', async () => {
        const database = await open();
        const { engine, happen, told } = await hub(database, [NOTIFY]);
        const slow = Promise.withResolvers<void>();
        const written = Promise.withResolvers<void>();
        const events = createEvents({ db: database.db, clock: movableClock(), log: silentLog });
        const late = inTransaction(database.db, async (trx) => {
          await events.append(trx, [{ at: 1, type: 'deploy.finished', project: 'veria', title: 'early but late' }]);
          written.resolve();
          await slow.promise;
        });
        await written.promise;
        await happen({ title: 'later but first' });
        await engine.work();
        expect(await told()).toEqual(['ops: later but first']);
        // Another hub goes on from there, and knows of the gap.
        const next = await hub(database, [NOTIFY]);
        slow.resolve();
        await late;
        await next.engine.work();
        await next.engine.work();
        await engine.work();
        expect(await told()).toEqual(['ops: early but late', 'ops: later but first']);
      });

    it('never act on what a rule has made', async () => {
      const database = await open();
      const { engine, happen, events, told } = await hub(database, [
        { name: 'echo', when: 'true', effect: { kind: 'event', type: 'echo', title: 'echo of ${event.title}' } },
        { ...NOTIFY, when: 'event.type.startsWith("alert.") || event.type == "notification.failed"' },
      ]);
      const by = (detector: string) => ({ alertId: 'alr_1', detector });
      await happen(
        { title: 'a' },
        { type: 'alert.opened', title: 'by a rule', data: by('rule') },
        { type: 'alert.opened', title: 'by a limit', data: by('threshold') },
        { type: 'incident.resolved', title: 'around an alert by a rule', data: by('rule') },
        { type: 'notification.failed', title: 'of a rule', data: { alertId: null } },
        { type: 'notification.failed', title: 'of an alert', data: { alertId: 'alr_1' } },
      );
      for (let i = 0; i < 5; i++) await engine.work();
      expect((await events('echo')).map(({ title }) => title)).toEqual([
        'echo of a',
        'echo of by a limit',
        'echo of of an alert',
      ]);
      expect(await told()).toEqual(['ops: by a limit', 'ops: of an alert']);
    });

    it('rest for their cooldown, each project and service by itself', async () => {
      const database = await open();
      const { engine, clock, happen, told } = await hub(database, [{ ...NOTIFY, cooldown: '10m' }]);
      const rounds = ['one', 'two'].map((title) => async () => {
        await happen(
          { title },
          { title: `${title} api`, service: 'api' },
          { title: `${title} performia`, project: 'performia' },
        );
        await engine.work();
      });
      for (const round of rounds) await round();
      expect(await told()).toEqual(['ops: one', 'ops: one api', 'ops: one performia']);
      clock.move(600_000);
      await happen({ title: 'three' });
      await engine.work();
      expect(await told()).toHaveLength(4);
      // The clock is set back: a rest that would seem to last for hours is over.
      clock.move(-7_200_000);
      await happen({ title: 'four' });
      await engine.work();
      expect(await told()).toHaveLength(5);
    });

    it('tell of a flood, however many channels each of its events goes to', async () => {
      const database = await open();
      const many = Array.from({ length: 4 }, (_, i): RuleInput => ({ ...NOTIFY, name: `tell-${i}` }));
      const { engine, happen, told } = await hub(database, many);
      await happen(...Array.from({ length: 1000 }, (_, i) => ({ title: `${i}` })));
      expect(await engine.work()).toMatchObject({ told: 4000 });
      expect(await told()).toHaveLength(4000);
    });

    it('tell a channel only what it takes', async () => {
      const database = await open();
      const critical = {
        kind: 'notify',
        channels: ['ops', 'own'],
        title: '${event.title}',
        severity: 'critical',
      } satisfies RuleInput['effect'];
      const { engine, happen, told } = await hub(database, [
        { name: 'a', effect: critical },
        { name: 'b', effect: { ...critical, severity: 'info', title: 'info ${event.title}' } },
      ]);
      await happen({ title: 'v' }, { title: 'p', project: 'performia' });
      await engine.work();
      expect(await told()).toEqual(['ops: info p', 'ops: info v', 'ops: p', 'ops: v', 'own: p']);
    });

    it('raise what lasts until they have not matched for a while', async () => {
      const database = await open();
      const { engine, clock, happen } = await hub(database, [{ ...ALERT, cooldown: '1h' }]);
      const begun = clock.now();
      await happen({ data: { version: '1.4' } }, { service: 'api' });
      expect(await engine.work()).toMatchObject({ projects: ['veria'] });
      const fact = {
        rule: 'failed',
        severity: 'warning',
        category: 'availability',
        beganAt: begun,
        matchedAt: begun,
        until: begun + 600_000,
      };
      const facts = async () =>
        [...((await engine.facts(['veria'])).get('veria') ?? [])].sort((a, b) =>
          (a.service ?? '').localeCompare(b.service ?? ''),
        );
      expect(await facts()).toEqual([
        { ...fact, title: 'Deploy 1.4 failed' },
        { ...fact, title: 'Deploy ? failed', service: 'api' },
      ]);
      clock.move(300_000);
      await happen({ data: { version: '1.5' } });
      await engine.work();
      expect((await facts())[0]).toMatchObject({ title: 'Deploy 1.5 failed', beganAt: begun, until: begun + 900_000 });
      // Over, and within an hour of its beginning it does not begin again.
      clock.move(700_000);
      await happen({ data: { version: '1.6' } });
      await engine.work();
      expect((await facts())[0]).toMatchObject({ title: 'Deploy 1.5 failed', until: begun + 900_000 });
      clock.move(3_600_000);
      await happen({ data: { version: '1.7' } });
      await engine.work();
      expect((await facts())[0]).toMatchObject({ title: 'Deploy 1.7 failed', beganAt: clock.now() });
      expect(await engine.facts(['performia'])).toEqual(new Map());
      await engine.sync(declared({ ...ALERT, enabled: false }));
      expect(await facts()).toEqual([]);
    });

    it('count what goes wrong and go on; a key that an event lacks is nothing wrong', async () => {
      const database = await open();
      const { engine, happen, told } = await hub(database, [
        { ...NOTIFY, name: 'wrong', when: 'event.data.n > 2' },
        { name: 'nowhere', when: 'event.type == "hub"', effect: { kind: 'alert', title: 't' } },
        { ...NOTIFY, effect: { kind: 'notify', channels: ['ops'], title: '${event.title}${"\\x00"}' } },
      ]);
      await happen({ title: 'without' }, { title: 'text', data: { n: 'many' } }, { title: 'right', data: { n: 3 } });
      await inTransaction(database.db, (trx) =>
        createEvents({ db: database.db, clock: movableClock(), log: silentLog }).append(trx, [
          { at: 1, type: 'hub', title: 'hub' },
        ]),
      );
      await engine.work();
      expect(await told()).toEqual(['ops: right', 'ops: right', 'ops: text', 'ops: without']);
      expect(engine.views(person('eve'))).toMatchObject([
        {
          name: 'wrong',
          declaredIn: 'orrery.yaml:1',
          matches: 1,
          errors: 1,
          lastError: 'no such overload: dyn<string> > int',
        },
        { name: 'nowhere', matches: 0, errors: 1, lastError: 'an alert needs a project, and this event has none' },
        { name: 'tell', matches: 3, errors: 0, lastMatchAt: expect.any(String) },
      ]);
      expect(() => engine.views(person('ann', 'operator', ['veria']))).toThrow(
        expect.objectContaining({ code: 'forbidden' }),
      );
    });

    it('forget in time what they saw, and keep what still counts', async () => {
      const database = await open();
      const { engine, clock, happen } = await hub(database, [
        { ...ALERT, effect: { kind: 'alert', title: 't', resolveAfter: '7d' } },
      ]);
      await happen({});
      await engine.work();
      clock.move(6 * 86_400_000);
      await engine.expire();
      expect((await engine.facts()).get('veria')).toHaveLength(1);
      clock.move(30 * 86_400_000);
      await engine.expire();
      expect(await engine.facts()).toEqual(new Map());
    });
  });

  describe('rules over samples', () => {
    const COST: RuleInput = {
      name: 'cost',
      on: 'sample',
      when: 'sample.key == "ai.cost_usd" && sample.value > 10',
      effect: { kind: 'alert', category: 'cost', title: 'AI costs ${sample.value} ${sample.unit}' },
    };

    it('see what is stored, and keep the newest match of each project and service', async () => {
      const database = await open();
      const { engine, clock } = await hub(database, [COST]);
      const at = clock.now();
      engine.see(
        'veria',
        [
          { key: 'ai.cost_usd', value: 11, unit: 'USD' },
          { key: 'ai.cost_usd', value: 12.5, unit: 'USD' },
        ],
        at,
      );
      engine.see(
        'veria',
        [
          { key: 'ai.cost_usd', value: 'a lot' },
          { key: 'other', value: 99 },
          { key: 'ai.cost_usd', value: 9 },
        ],
        at,
      );
      engine.see('performia', [{ key: 'ai.cost_usd', value: 20, service: 'bot' }], at);
      expect((await engine.keep()).projects.sort()).toEqual(['performia', 'veria']);
      expect(await engine.keep()).toEqual({ projects: [], told: 0 });
      const facts = await engine.facts();
      expect(facts.get('veria')).toMatchObject([{ title: 'AI costs 12.5 USD', category: 'cost' }]);
      expect(facts.get('performia')).toMatchObject([{ title: 'AI costs 20 ', service: 'bot' }]);
    });

    it('keep a match that could not be written until it can', async () => {
      const database = await open();
      const mark: RuleInput = { ...COST, effect: { kind: 'event', type: 'cost.high', title: '${sample.value}' } };
      const { engine, clock, fail, events } = await hub(database, [mark]);
      engine.see('veria', [{ key: 'ai.cost_usd', value: 11 }], clock.now());
      fail(true);
      await expect(engine.keep()).rejects.toThrow('the database went away');
      fail(false);
      await engine.work();
      expect((await events('cost.high')).map(({ title }) => title)).toEqual(['11']);
    });
  });
});
