import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import { until } from '../../../../test/services/until.ts';
import { systemClock } from '../platform/clock.ts';
import { project, room } from './testing.ts';

const NOWHERE = 'http://127.0.0.1:1';
const declared = () => [project('veria', NOWHERE, [{ kind: 'heartbeat', interval: '1s', grace: '500ms' }])];
const tokenOf = (url: string | undefined) => url?.split('/').at(-1) ?? '';

describe.concurrent('a heartbeat', () => {
  test('has the same secret address after a restart, and it stands nowhere in the database', async ({
    expect,
    onTestFinished,
  }) => {
    const { database, opened } = await room(onTestFinished);
    const kit = opened();
    await kit.intake.sync(declared());
    const { heartbeatUrl } = await kit.service('veria');
    expect(heartbeatUrl).toMatch(/^http:\/\/hub\.test\/api\/heartbeat\/hb_[\w-]{28}$/);
    await kit.intake.beat(tokenOf(heartbeatUrl), false);
    const again = opened();
    await again.intake.sync(declared());
    expect((await again.service('veria')).heartbeatUrl).toBe(heartbeatUrl);
    for (const file of ['orrery.db', 'orrery.db-wal'])
      expect(readFileSync(`${database.dir}/${file}`).includes(tokenOf(heartbeatUrl))).toBe(false);
  });

  test('is up while the job calls, down when it stops or says that it failed, and up with the next call', async ({
    expect,
    onTestFinished,
  }) => {
    const { opened } = await room(onTestFinished);
    const kit = opened();
    await kit.intake.sync(declared());
    await kit.intake.start();
    const state = async () => (await kit.service('veria')).status;
    const token = tokenOf((await kit.service('veria')).heartbeatUrl);
    await kit.intake.beat(token, false);
    await until(async () => (await state()) === 'up', { what: 'up' });
    await until(async () => (await state()) === 'down', { what: 'missing' });
    expect((await kit.service('veria')).reason).toMatch(/the last call came \d+s ago; one every 1s was promised/);
    await kit.intake.beat(token, false);
    await until(async () => (await state()) === 'up', { what: 'up again' });
  });

  test('shows at once what a call changes, however seldom it is looked at', async ({ expect, onTestFinished }) => {
    const { opened } = await room(onTestFinished);
    const kit = opened();
    await kit.intake.sync([project('veria', NOWHERE, [{ kind: 'heartbeat', interval: '1d', grace: '1h' }])]);
    await kit.intake.start();
    const state = async () => (await kit.service('veria')).status;
    const token = tokenOf((await kit.service('veria')).heartbeatUrl);
    await until(async () => (await state()) === 'up', { what: 'its first look' });
    // By itself it is looked at every quarter of a minute.
    const from = performance.now();
    await kit.intake.beat(token, true);
    await until(async () => (await state()) === 'down', { what: 'failed' });
    expect((await kit.service('veria')).reason).toMatch(/reported a failure/);
    await kit.intake.beat(token, false);
    await until(async () => (await state()) === 'up', { what: 'up' });
    expect(performance.now() - from).toBeLessThan(10_000);
  });

  test('is taken by any hub on the database, and seen by the one that probes', async ({ expect, onTestFinished }) => {
    const { opened } = await room(onTestFinished);
    const prober = opened();
    const other = opened();
    for (const kit of [prober, other]) await kit.intake.sync(declared());
    await prober.intake.start();
    await until(async () => (await prober.service('veria')).status === 'down', { what: 'never called' });
    expect((await prober.service('veria')).reason).toMatch(/^no call has come in/);
    await other.intake.beat(tokenOf((await other.service('veria')).heartbeatUrl), false);
    await until(async () => (await other.service('veria')).status === 'up', { what: 'up on the other hub' });
  });

  test('is not late because the wall clock was stepped', async ({ expect, onTestFinished }) => {
    let offset = 0;
    const { opened } = await room(onTestFinished);
    const kit = opened({ clock: { now: () => Date.now() + offset, monotonic: systemClock.monotonic } });
    await kit.intake.sync([project('veria', NOWHERE, [{ kind: 'heartbeat', interval: '3s', grace: '1s' }])]);
    await kit.intake.start();
    await kit.intake.beat(tokenOf((await kit.service('veria')).heartbeatUrl), false);
    const checks = async () => (await kit.service('veria')).history.length;
    await until(async () => (await checks()) >= 1, { what: 'a check' });
    offset = 3_600_000;
    const before = await checks();
    await until(async () => (await checks()) > before, { what: 'a check after the step' });
    expect((await kit.service('veria')).status).toBe('up');
  });

  test('is not late because the hub that took the call has a wrong clock', async ({ expect, onTestFinished }) => {
    const { opened } = await room(onTestFinished);
    const prober = opened();
    const behind = opened({ clock: { now: () => Date.now() - 3_600_000, monotonic: systemClock.monotonic } });
    const slow = [project('veria', NOWHERE, [{ kind: 'heartbeat', interval: '60s', grace: '1s' }], '60s')];
    for (const kit of [prober, behind]) await kit.intake.sync(slow);
    await prober.intake.start();
    const token = tokenOf((await prober.service('veria')).heartbeatUrl);
    await prober.intake.beat(token, false);
    await until(async () => (await prober.service('veria')).status === 'up', { what: 'up' });
    await behind.intake.beat(token, false);
    const { results } = await prober.intake.runOnce(prober.me);
    expect(results).toEqual([{ site: 'veria', status: 'ok', health: 'healthy' }]);
  });

  test('has an address that nothing else is taken for', async ({ expect, onTestFinished }) => {
    const { opened } = await room(onTestFinished);
    const kit = opened();
    await kit.intake.sync(declared());
    for (const token of ['', '{token}', '*', 'null', '%00', '..', 'hb_', `hb_${'0'.repeat(28)}`, 'constructor'])
      await kit.intake.beat(token, false).then(
        () => expect.unreachable(token),
        (error) => expect(error.code, token).toBe('not_found'),
      );
  });
});
