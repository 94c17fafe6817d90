import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HealLimits, HealPolicy } from '@orrery/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { eachDatabase } from '../../../../test/services/databases.ts';
import { until } from '../../../../test/services/until.ts';
import { audit } from '../access/index.ts';
import { alertsOn, finding, movableClock, openOutbound, person } from '../alerts/testing.ts';
import { createEvents } from '../events/index.ts';
import type { Db } from '../platform/db.ts';
import { createSecrets } from '../platform/secrets.ts';
import { silentLog } from '../platform/testing.ts';
import type { Lesson, ProbeState } from './context.ts';
import { createRepair } from './index.ts';

const MINUTE = 60_000;
const operator = person('otto');

eachDatabase((_, open) => {
  /** The room with an alert that lives, and checks that fail as often as they are asked for. */
  async function room(db: Db, mode: HealPolicy['mode'], lesson?: Lesson) {
    const called: string[] = [];
    const target = createServer((request, response) => {
      called.push(request.url ?? '');
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void target.close());
    const { port } = target.address() as AddressInfo;
    const clock = movableClock();
    const alerts = alertsOn(db, { clock });
    await alerts.reconcile([finding({ detector: 'status', category: 'availability', observedAt: clock.now() })], {
      scope: ['veria'],
      at: clock.now(),
    });
    let state: ProbeState = {
      ...{ project: 'veria', service: 'api', status: 'down', since: clock.now() - MINUTE, kind: 'http' },
      ...{ lastCheckAt: clock.now(), consecutiveFailures: 3, reason: 'answered HTTP 503, expected 200–299' },
    };
    const repair = createRepair({
      ...{ db, clock, log: silentLog, audit, outbound: openOutbound(), holderId: 'hub-a' },
      secrets: createSecrets(Buffer.alloc(32, 7).toString('base64'), []),
      appendEvents: createEvents({ db, clock, log: silentLog }).append,
      limits: () => HealLimits.parse({ maxSharePercent: 100 }),
      enabled: () => true,
      ...{ alerts: alerts.living, pastAlerts: alerts.past, inMaintenance: alerts.inMaintenance },
      states: async () => [state],
      lessons: async () => () => lesson ?? { expected: 0.5, tries: 0, successes: 0, upper: 0.9 },
      checkSoon() {
        clock.move(1);
        state = { ...state, lastCheckAt: clock.now() };
      },
      lookFromElsewhere: async () => [],
      topCause: async () => undefined,
      act: async () => ({ done: true, detail: '' }),
      onStep: async () => undefined,
      stepped: () => undefined,
      lookNow: () => undefined,
    });
    onTestFinished(() => repair.stop());
    const declare = (path: string) => {
      const remedy = { kind: 'webhook', url: `http://127.0.0.1:${port}/${path}` };
      const heal = [HealPolicy.parse({ name: 'restart', mode, remedy, limits: { cooldown: '0ms' } })];
      const services = [{ name: 'api', heal }];
      repair.syncProjects([{ slug: 'veria', services, declaredIn: { source: 'file', ref: 'orrery.yaml:1' } } as never]);
    };
    declare('first');
    const turn = () => repair.jobs[0]?.run({ signal: new AbortController().signal } as never);
    const attempts = async () => (await repair.list(operator, { limit: 10 })).items;
    return { repair, clock, turn, attempts, declare, called };
  }

  test('approval expires: what nobody approved in time is not done, and cannot be approved any more', async () => {
    const { repair, clock, turn, attempts, called } = await room((await open()).db, 'approve');
    await turn();
    const [asks] = await attempts();
    expect(asks).toMatchObject({ status: 'awaiting approval' });
    clock.move(29 * MINUTE);
    await turn();
    expect((await attempts())[0]).toMatchObject({ id: asks?.id, status: 'awaiting approval' });
    clock.move(MINUTE);
    await expect(repair.approve(operator, asks?.id ?? '')).rejects.toMatchObject({ code: 'conflict' });
    await turn();
    expect((await attempts()).find(({ id }) => id === asks?.id)).toMatchObject({ outcome: 'expired', actedAt: null });
    expect(called).toEqual([]);
  });

  test('approval is of a frozen plan: what the file says meanwhile is not what is done', async () => {
    const { repair, turn, attempts, declare, called } = await room((await open()).db, 'approve');
    await turn();
    const [asks] = await attempts();
    declare('second');
    await repair.approve(operator, asks?.id ?? '');
    await turn();
    await until(() => called.length > 0, { what: 'the remedy is applied' });
    expect(called).toEqual(['/first']);
    await until(async () => (await attempts())[0]?.status === 'verifying', { what: 'it is written down' });
    expect((await attempts())[0]).toMatchObject({ approvedBy: 'otto', secondLook: 'a second look sees it as well' });
  });

  test('denial: what somebody said no to is not asked for again while its alert lives', async () => {
    const { repair, clock, turn, attempts, called } = await room((await open()).db, 'approve');
    await turn();
    const [asks] = await attempts();
    await repair.deny(operator, asks?.id ?? '', 'not now');
    for (let i = 0; i < 3; i++) {
      clock.move(31 * MINUTE);
      await turn();
    }
    expect(await attempts()).toMatchObject([{ id: asks?.id, outcome: 'refused', detail: 'otto said no: not now' }]);
    expect((await repair.policies(operator))[0]?.verdict?.reason).toContain('otto said no');
    expect(called).toEqual([]);
  });

  test('suppression: a remedy that has not helped here is left to a person', async () => {
    const lesson = { expected: 0.2, tries: 4, successes: 0, upper: 0.37 };
    const { repair, turn, attempts, called } = await room((await open()).db, 'automatic', lesson);
    await turn();
    expect(await attempts()).toEqual([]);
    expect((await repair.policies(operator))[0]?.verdict).toMatchObject({
      ...{ kind: 'person', reason: 'this remedy has not helped here: 0 of 4' },
    });
    expect(called).toEqual([]);
  });
});
