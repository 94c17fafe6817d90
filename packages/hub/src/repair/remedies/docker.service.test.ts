import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspect, WELL } from '../../../../../test/services/autoheal.ts';
import { canRunEngine, type Engine, startDocker } from '../../../../../test/services/docker.ts';
import { until } from '../../../../../test/services/until.ts';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { trying } from './testing.ts';

const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
afterAll(() => outbound.close());

// It takes Linux and root to start an engine.
describe.runIf(canRunEngine)('docker, a real engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDocker();
  });
  afterAll(() => engine?.stop());
  const restart = (container: string, more: object = {}) =>
    trying(outbound, { kind: 'docker', container, socket: engine.socket, grace: '1s', ...more }).act();
  const startedAt = async (container: string) => (await inspect(engine, container)).startedAt;

  test('a name that came to mean another container, without the label, restarts nothing', async () => {
    await engine.run('web', { Labels: WELL.Labels });
    expect(await restart('web')).toMatchObject({ done: true });
    await engine.ask('DELETE', '/containers/web?force=1');
    await engine.run('web', { Labels: { 'orrery.heal': 'false' } });
    const before = await startedAt('web');
    expect(await restart('web')).toEqual({
      done: false,
      detail: 'the container does not carry the label orrery.heal=true, so it is not restarted',
    });
    expect(await startedAt('web')).toBe(before);
  });

  test('another label counts where it is declared, and that one alone', async () => {
    await engine.run('dev', { Labels: { env: 'dev' } });
    await engine.run('prod', { Labels: { env: 'prod', 'orrery.heal': 'true' } });
    const before = await startedAt('prod');
    expect(await restart('dev', { label: 'env=dev' })).toMatchObject({ done: true });
    expect(await restart('prod', { label: 'env=dev' })).toMatchObject({ done: false });
    expect(await startedAt('prod')).toBe(before);
  });

  test('one that is well, or that somebody stopped, is left alone where only failing ones are meant', async () => {
    await engine.run('healthy', WELL);
    await until(async () => (await inspect(engine, 'healthy')).health === 'healthy', {
      timeoutMs: 60_000,
      what: 'it is healthy',
    });
    const before = await startedAt('healthy');
    expect(await restart('healthy', { onlyFailing: true })).toEqual({
      ...{ done: false, needless: true },
      detail: 'it is healthy right before the act: nothing was done',
    });
    expect(await startedAt('healthy')).toBe(before);
    await engine.ask('POST', '/containers/healthy/stop?t=1');
    expect(await restart('healthy', { onlyFailing: true })).toMatchObject({ done: false, needless: true });
    expect((await inspect(engine, 'healthy')).status).toBe('exited');
  });
});
