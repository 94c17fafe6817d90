import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunSystemd, type RunningSystemd, startSystemd } from '../../../../../test/services/systemd.ts';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { commandOf } from './systemd.ts';
import { trying } from './testing.ts';

const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
afterAll(() => outbound.close());

// It takes Linux, root and the package systemd to start an instance of one's own.
describe.runIf(canRunSystemd)('systemd, the real one', () => {
  let systemd: RunningSystemd;
  beforeAll(async () => {
    systemd = await startSystemd({
      'api.service': '[Service]\nExecStart=/bin/sleep 600\n',
      'broken.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n',
      'slow.service': '[Service]\nType=oneshot\nExecStart=/bin/sleep 600\n',
      'shy.service': '[Unit]\nRefuseManualStart=yes\n[Service]\nExecStart=/bin/sleep 600\n',
      'worker@.service': '[Service]\nExecStart=/bin/sleep 600\n',
    });
  });
  afterAll(() => systemd?.stop());

  const unit = (name: string, more: object = {}) =>
    trying(outbound, { kind: 'systemd', unit: name, user: true, runtimeDir: systemd.runtimeDir, ...more });
  const show = (name: string, what: string) => systemd.ask('show', '--value', `--property=${what}`, name).trim();

  test('starts what is not active, and leaves alone what is', async () => {
    expect(await unit('api.service', { verb: 'start' }).act()).toEqual({
      done: true,
      detail: 'api.service, which was inactive: start is done',
    });
    const pid = show('api.service', 'MainPID');
    expect(await unit('api.service', { verb: 'start' }).act()).toMatchObject({ done: false, needless: true });
    expect(show('api.service', 'MainPID')).toBe(pid);
  });

  test('restarts a unit, and one of a template', async () => {
    systemd.ask('start', 'api.service', 'worker@2.service');
    const before = [show('api.service', 'MainPID'), show('worker@2.service', 'MainPID')];
    expect(await unit('api.service').act()).toMatchObject({ done: true });
    expect(await unit('worker@2.service', { verb: 'reload-or-restart' }).act()).toMatchObject({ done: true });
    const after = [show('api.service', 'MainPID'), show('worker@2.service', 'MainPID')];
    expect(after.filter((pid, i) => pid !== before[i] && pid !== '0')).toHaveLength(2);
  });

  test('says what systemd says of a unit that fails, is not there, or is not for hands', async () => {
    const broken = await unit('broken.service').act();
    expect(broken.done).toBe(false);
    expect(broken.detail).toContain('broken.service');
    expect(await unit('gone.service').act()).toEqual({
      done: false,
      detail: 'systemd says that the unit gone.service is not-found',
    });
    expect(await unit('shy.service').act()).toEqual({
      done: false,
      detail: 'the unit shy.service may not be started by hand',
    });
  });

  test('does not wait for a unit longer than it may', async () => {
    const begun = performance.now();
    const slow = await unit('slow.service', { timeout: '1s' }).act();
    expect(slow).toMatchObject({ done: false, detail: expect.stringContaining('ended after its time') });
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test('without an instance says that nobody answers', async () => {
    const none = await trying(outbound, {
      kind: 'systemd',
      unit: 'api.service',
      user: true,
      runtimeDir: '/nowhere',
    }).act();
    expect(none).toMatchObject({ done: false, detail: expect.stringContaining('Failed to connect') });
  });
});

describe('a unit', () => {
  test.each([
    'api',
    '-api.service',
    'a b.service',
    '*.service',
    'a;b.service',
    'x.mount',
    '../a.service',
    'a.service\n',
    'multi-user.target',
  ])('is no %j', (name) => {
    expect(() => trying(outbound, { kind: 'systemd', unit: name })).toThrow('must be the full name of a unit');
  });

  test('stands behind everything that is an option', () => {
    expect(commandOf({ user: false, machine: 'web1' }, ['restart', '--', 'api.service'])).toEqual([
      ...['systemctl', '--no-ask-password', '--no-pager', '--machine=web1'],
      ...['restart', '--', 'api.service'],
    ]);
    expect(() => trying(outbound, { kind: 'systemd', unit: 'a.service', user: true, machine: 'web1' })).toThrow(
      'at most one',
    );
  });
});
