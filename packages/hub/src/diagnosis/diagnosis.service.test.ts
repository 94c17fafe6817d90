import type { Cause } from '@orrery/protocol';
import { describe, expect, test } from 'vitest';
import { eachDatabase, type OpenTestDatabase } from '../../../../test/services/databases.ts';
import { audit } from '../access/index.ts';
import { down, project, T } from '../alerts/incidents/incident.rooms.ts';
import { alertsOn, movableClock, person } from '../alerts/testing.ts';
import { createEvents } from '../events/index.ts';
import { silentLog as log } from '../platform/testing.ts';
import { createSamples } from '../samples/index.ts';
import type { AskModel } from './explain/ask.ts';
import type { CheckState } from './gather/checks.ts';
import { createDiagnosis } from './index.ts';
import { diagnosesIn } from './store.ts';

const PROJECTS = [
  project('base', { api: [], db: [] }),
  project('middle', { api: ['base/api'] }),
  project('top', { api: ['middle/api'] }),
];
const S = 1000;
const MINUTE = 60 * S;

/** The room on a database, between real alerts, events and samples; of the catalog and the probes what a test says. */
async function room(open: OpenTestDatabase, { ask, perHour = 100 }: { ask?: AskModel; perHour?: number } = {}) {
  const { db } = await open();
  const clock = movableClock(T);
  const alerts = alertsOn(db, { clock });
  alerts.syncProjects(PROJECTS);
  const events = createEvents({ db, clock, log });
  const samples = createSamples({ db, clock, log, rawRetentionMs: () => 30 * 86_400_000 });
  const kit = { states: [] as CheckState[], ranked: [] as string[] };
  const hub = () => {
    const made = createDiagnosis({
      ...{ db, clock, log, events, samples, audit, appendEvents: events.append },
      incidents: alerts.incidents,
      catalog: {
        declarations: async () =>
          PROJECTS.map((each) => ({ ...each, declaredIn: { source: 'file' as const }, lastSeenAt: null })),
        graph: async () => ({ nodes: [], edges: [] }),
        firstSeen: async () => new Map(),
      },
      detect: { logTemplates: async () => ({ items: [] }) },
      states: async () => kit.states,
      ...(ask ? { ask } : {}),
      limits: () => ({ explain: true, explanationsPerHour: perHour }),
    });
    const [work, explain] = made.jobs;
    const signal = new AbortController().signal;
    return {
      ...made,
      work: async () => void (await work?.run({ signal })),
      explain: async () => void (await explain?.run({ signal })),
    };
  };
  const diagnosis = hub();
  diagnosis.onRanked(({ causes }) => kit.ranked.push(causes[0]?.kind ?? 'nothing'));
  const scope = PROJECTS.map(({ slug }) => slug);
  const incident = async () => {
    const [only, ...more] = (await alerts.incidents.list(person('eve'))).items;
    if (!only || more.length > 0) throw new Error('not one incident');
    return only;
  };
  const found = async () => diagnosis.get(person('eve'), (await incident()).id);
  const top = async () => {
    const [first] = (await found()).causes;
    return first && said(first);
  };
  return {
    ...{ db, clock, alerts, events, samples, kit, diagnosis, hub },
    /** These parts are down, and nothing else is; diagnosed by the next turn. */
    async firing(...findings: Parameters<typeof down>[0][] | ReturnType<typeof down>[]) {
      const all = findings.map((each) => (typeof each === 'string' ? down(each) : each));
      await alerts.reconcile(
        all.map((each) => ({ ...each, observedAt: clock.now() })),
        { scope, at: clock.now(), whole: true },
      );
      await diagnosis.work();
    },
    incident,
    found,
    top,
    happened: async () =>
      (await events.recent(person('eve'), { limit: 100, type: 'diagnosis.' })).items
        .map(({ type, title }) => `${type}: ${title}`)
        .reverse(),
  };
}
const said = ({ kind, project: slug, service }: Cause) =>
  `${kind} ${slug}${service === undefined ? '' : `/${service}`}`;
const refused = (part: string) =>
  down(part, { description: `GET http://x/: the connection was refused (ECONNREFUSED)` });
const answer503 = (part: string) => down(part, { description: 'answered HTTP 503, expected 200–299' });
const threshold = (part: string, metric: string) =>
  down(part, {
    detector: 'threshold',
    severity: 'warning',
    category: 'performance',
    title: `${part}: ${metric} is above 1`,
    description: `${metric} is 9; the limit is above 1`,
  });
const state = (part: string, more: Partial<CheckState>): CheckState => {
  const [slug = '', service = ''] = part.split('/');
  return {
    probeId: part,
    project: slug,
    service,
    kind: 'http',
    status: 'up',
    since: T,
    lastCheckAt: T,
    consecutiveFailures: 0,
    ...more,
  };
};

eachDatabase((_name, open) => {
  describe('an incident', () => {
    test('of a chain comes from the part that the others need', async () => {
      const { firing, top, kit, happened, diagnosis, incident, alerts } = await room(open);
      await firing(refused('base/api'), answer503('middle/api'), answer503('top/api'));
      expect(await top()).toBe('unreachable base/api');
      expect(kit.ranked).toEqual(['unreachable']);
      expect(await happened()).toEqual([
        expect.stringMatching(/^diagnosis\.ranked: Likeliest cause: base\/api does not accept connections \(\d+ %\)$/),
      ]);
      const { id } = await incident();
      expect(await diagnosis.topCause(id)).toMatchObject({ kind: 'unreachable', project: 'base' });
      const ids = (await alerts.list(person('eve'))).items.map((alert) => alert.id);
      expect([...(await diagnosis.causesOf([...ids, 'alr_unknown'])).values()]).toEqual([
        'unreachable',
        'unreachable',
        'unreachable',
      ]);
      expect(await diagnosis.topCause('alr_unknown')).toBeUndefined();
    });

    test('comes from a check that fails upstream, though it is no alert yet', async () => {
      const { firing, top, kit } = await room(open);
      kit.states = [
        state('base/api', { status: 'down', reason: 'GET http://x/: no answer within 1000 ms' }),
        state('middle/api', { status: 'down', reason: 'answered HTTP 502' }),
      ];
      await firing(answer503('middle/api'));
      expect(await top()).toBe('unresponsive base/api');
    });

    test('comes from a deploy before it, from one that is told of later too', async () => {
      const { firing, top, events, db, clock, diagnosis, kit } = await room(open);
      await firing(answer503('base/api'));
      expect(await top()).toBe('failing base/api');
      await events.append(db, [
        { at: T - 30 * S, type: 'deploy.finished', project: 'base', service: 'api', title: '2.1 is out' },
      ]);
      clock.move(5 * S);
      await diagnosis.work();
      expect(await top(), 'it is not looked at all the time').toBe('failing base/api');
      clock.move(11 * S);
      await diagnosis.work();
      expect(await top()).toBe('deploy base/api');
      expect(kit.ranked).toEqual(['failing', 'deploy']);
    });

    test.each([
      [
        'memory that grew',
        'process.rss_bytes',
        (i: number) => (i < 40 ? 100e6 : 100e6 + (i - 40) * 30e6),
        'memory base',
      ],
      ['a statement that became slow', 'db.query_p95_ms', (i: number) => (i < 50 ? 12 : 900), 'statement base'],
      ['a pool that ran full', 'postgres.connections_percent', (i: number) => (i < 50 ? 20 : 98), 'pool base'],
    ])('comes from %s', async (_, key, valueAt, expected) => {
      const { firing, top, samples, db } = await room(open);
      const series = Array.from({ length: 60 }, (_, i) => ({
        key,
        value: valueAt(i) + (i % 3),
        at: T - (60 - i) * 15 * S,
      }));
      await samples.append(db, 'base', series, T);
      await firing(threshold('base', key));
      expect(await top()).toBe(expected);
    });

    test('comes from nothing that anybody could name while the data is not enough', async () => {
      const { firing, found, happened, kit } = await room(open);
      await firing(threshold('base', 'strange.figure'));
      expect(await found()).toMatchObject({
        causes: [],
        explanation: null,
        evidence: [{ kind: 'alert', project: 'base' }],
      });
      expect(await happened()).toEqual(['diagnosis.ranked: The data is not enough for a diagnosis']);
      expect(kit.ranked).toEqual(['nothing']);
    });

    test('is looked at again when an alert joins, and a last time when it is over, with what was seen', async () => {
      const { firing, found, kit, clock, diagnosis, alerts } = await room(open);
      kit.states = [state('base/api', { status: 'down', reason: 'the connection was refused' })];
      await firing(refused('base/api'));
      clock.move(2 * S);
      await firing(refused('base/api'), answer503('middle/api'));
      expect((await found()).evidence.filter(({ kind }) => kind === 'alert')).toHaveLength(2);
      kit.states = [state('base/api', {})];
      clock.move(60 * S);
      await firing();
      expect((await alerts.incidents.list(person('eve'))).items[0]?.status).toBe('resolved');
      const last = await found();
      expect(last.causes.map(said)[0]).toBe('unreachable base/api');
      expect(
        last.evidence.some(({ kind, text }) => kind === 'check' && text.includes('refused')),
        'a check that is well again was not',
      ).toBe(true);
      clock.move(5 * MINUTE);
      const before = last.at;
      await diagnosis.work();
      expect((await found()).at, 'what is over stays as it is').toBe(before);
    });

    test('keeps the last five of what it was believed to come from', async () => {
      const { firing, db, clock, events } = await room(open);
      for (let i = 0; i < 9; i++) {
        clock.move(20 * S);
        if (i % 2 === 1)
          await events.append(db, [
            { at: T - S, type: `deploy.number_${i}`, project: 'base', service: 'api', title: 'out' },
          ]);
        await firing(...(i % 2 === 0 ? [refused('base/api')] : [answer503('base/api'), answer503('base/db')]));
      }
      const rows = await diagnosesIn(db).selectFrom('diagnoses').selectAll().execute();
      expect(rows.length).toBeLessThanOrEqual(5);
      expect(rows.length).toBeGreaterThan(0);
    });

    test('shows a caller nothing of projects that do not exist for it', async () => {
      const { firing, incident, diagnosis, clock } = await room(open, { ask: answering() });
      await firing(refused('base/api'), answer503('middle/api'), answer503('top/api'));
      clock.move(20 * S);
      await diagnosis.work();
      await diagnosis.explain();
      const { id } = await incident();
      const whole = await diagnosis.get(person('eve'), id);
      expect(whole.explanation?.claims).toHaveLength(1);
      const some = await diagnosis.get(person('ann', 'operator', ['middle']), id);
      expect(some.explanation).toBeNull();
      expect(JSON.stringify(some)).not.toMatch(/base|top/);
      expect(some.evidence.every((each) => each.project === 'middle')).toBe(true);
      await expect(diagnosis.get(person('bob', 'operator', ['other']), id)).rejects.toMatchObject({
        code: 'not_found',
      });
      await expect(diagnosis.again(person('vic', 'viewer'), id)).rejects.toMatchObject({ code: 'forbidden' });
      expect((await diagnosis.again(person('eve'), id)).causes.map(said)[0]).toBe('unreachable base/api');
    });

    test('is forgotten in time', async () => {
      const { firing, clock, diagnosis, db } = await room(open);
      await firing(refused('base/api'));
      clock.move(10 * MINUTE);
      await diagnosis.expire(5 * MINUTE);
      expect(await diagnosesIn(db).selectFrom('diagnoses').selectAll().execute()).toEqual([]);
      expect(await diagnosesIn(db).selectFrom('diagnosis_work').selectAll().execute()).toEqual([]);
    });
  });

  describe('a model', () => {
    /** Down for twenty seconds: what comes late has come. */
    async function settled(ask: AskModel, perHour?: number) {
      const made = await room(open, { ask, ...(perHour === undefined ? {} : { perHour }) });
      await made.firing(refused('base/api'));
      await made.diagnosis.explain();
      const early = calls(ask);
      made.clock.move(20 * S);
      await made.diagnosis.work();
      return { ...made, early };
    }

    test('is asked once of late evidence is in, by one of two hubs, and not again about the same', async () => {
      const ask = answering();
      const { diagnosis, hub, early, happened, clock, firing, found } = await settled(ask);
      expect(early).toBe(0);
      await Promise.all([diagnosis.explain(), hub().explain()]);
      expect(calls(ask)).toBe(1);
      expect((await found()).explanation).toMatchObject({
        model: 'm',
        claims: [{ text: 'base/api began to fail', evidence: [expect.stringMatching(/^ev_/)] }],
      });
      expect((await happened()).at(-1)).toBe('diagnosis.explained: m explained base/api in 1 claim');
      // The same trouble an hour later is the same trouble.
      await firing();
      clock.move(60 * MINUTE);
      await firing(refused('base/api'));
      clock.move(20 * S);
      await diagnosis.work();
      await diagnosis.explain();
      expect(calls(ask)).toBe(1);
    });

    test('that fails changes nothing, and is asked again later', async () => {
      let fails = true;
      const good = answering();
      const ask: AskModel = async (...asked) => {
        const told = await good(...asked);
        if (fails) throw new Error('no answer');
        return told;
      };
      const { diagnosis, found, clock } = await settled(ask);
      await diagnosis.explain();
      expect(await found()).toMatchObject({ explanation: null, causes: [{ kind: 'unreachable' }] });
      await diagnosis.explain();
      expect(calls(good)).toBe(1);
      fails = false;
      clock.move(16 * MINUTE);
      await diagnosis.explain();
      expect((await found()).explanation?.claims).toHaveLength(1);
    });

    test('may say that the data is not enough', async () => {
      const { diagnosis, found } = await settled(async () => ({
        kind: 'answered',
        text: '{"claims":[]}',
        provider: 'p',
        model: 'm',
      }));
      await diagnosis.explain();
      expect((await found()).explanation).toEqual({ claims: [], provider: 'p', model: 'm' });
    });

    test('is asked no more often in an hour than is allowed', async () => {
      const ask = answering();
      const { diagnosis } = await settled(ask, 0);
      await diagnosis.explain();
      expect(calls(ask)).toBe(0);
    });
  });
});

const counted = new WeakMap<AskModel, { calls: number }>();
const calls = (ask: AskModel): number => counted.get(ask)?.calls ?? 0;
/** A model that says one thing about the first part that it is shown. */
function answering(): AskModel {
  const count = { calls: 0 };
  const ask: AskModel = async ({ user }) => {
    count.calls += 1;
    const name = (kind: string) => new RegExp(`"${kind}":"([^"]+)"`).exec(user)?.[1] ?? '';
    const claims = [{ text: `${name('part')} began to fail`, evidence: [name('id')] }];
    return { kind: 'answered', text: JSON.stringify({ claims }), provider: 'p', model: 'm' };
  };
  counted.set(ask, count);
  return ask;
}
