import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunEngine, type Engine, startDocker } from '../../../../../test/services/docker.ts';
import { until } from '../../../../../test/services/until.ts';
import type { Outcome } from './probe.ts';
import { figureOf, openOutbound, probing } from './testing.ts';

const outbound = openOutbound();
afterAll(() => outbound.close());

/** Healthy while a file is there. */
const Healthcheck = {
  Test: ['CMD-SHELL', 'test -e /well || { echo first; echo "the file is gone"; exit 1; }'],
  Interval: 1_000_000_000,
  Timeout: 20_000_000_000,
  Retries: 1,
};

// It takes Linux and root to start an engine.
describe.runIf(canRunEngine)('docker, a real engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDocker();
  });
  afterAll(() => engine?.stop());

  const look = (container: string) => {
    const { check } = probing(outbound, { kind: 'docker', container, socket: engine.socket, timeout: '20s' });
    return check;
  };
  const become = (check: () => Promise<Outcome>, reason: RegExp) =>
    until(
      async () => {
        const outcome = await check();
        return reason.test(outcome.reason ?? outcome.status) ? outcome : undefined;
      },
      { timeoutMs: 40_000, everyMs: 100, what: `the container is seen as ${reason}` },
    );

  test('a container goes from starting to healthy to unhealthy, with the last line of its check', async () => {
    const shell = ['sh', '-c', 'sleep 1; touch /well; while test ! -e /stop; do sleep 1; done; rm /well; sleep 600'];
    await engine.run('web', { Cmd: shell, Healthcheck: { ...Healthcheck, StartPeriod: 60_000_000_000 } });
    const check = look('web');
    await become(check, /^up$/);
    const started = figureOf(await check(), 'docker.started_at');
    expect(started).toBeGreaterThan(Date.parse('2020-01-01'));
    expect(figureOf(await check(), 'docker.restart_count')).toBe(0);
    const { json } = await engine.ask('POST', '/containers/web/exec', { Cmd: ['touch', '/stop'] });
    await engine.ask('POST', `/exec/${(json as { Id: string }).Id}/start`, { Detach: true });
    const outcome = await become(check, /unhealthy/);
    expect(outcome).toMatchObject({ status: 'down', heard: true });
    expect(outcome.reason).toMatch(/^the container is unhealthy, \d+ failed checks in a row: the file is gone$/);
  });

  test('a check that has not run yet is neither up nor down', async () => {
    await engine.run('slow', { Healthcheck: { ...Healthcheck, Interval: 3_600_000_000_000 } });
    expect(await look('slow')()).toMatchObject({
      status: 'degraded',
      reason: 'the container runs, and its health check has not passed yet',
    });
  });

  test('a container is followed through pause, end and removal', async () => {
    await engine.run('job', { Cmd: ['sh', '-c', 'while test ! -e /stop; do sleep 1; done; exit 7'] });
    const check = look('job');
    expect(await check()).toMatchObject({ status: 'up', heard: true });
    await engine.ask('POST', '/containers/job/pause');
    expect(await check()).toMatchObject({ status: 'degraded', reason: 'the container is paused' });
    await engine.ask('POST', '/containers/job/unpause');
    const { json } = await engine.ask('POST', '/containers/job/exec', { Cmd: ['touch', '/stop'] });
    await engine.ask('POST', `/exec/${(json as { Id: string }).Id}/start`, { Detach: true });
    const ended = await become(check, /exited/);
    expect(ended).toMatchObject({ status: 'down', reason: 'the container is exited (exit code 7)', heard: false });
    await engine.ask('DELETE', '/containers/job?force=1');
    expect(await check()).toMatchObject({ status: 'down', reason: 'the engine knows no container "job"' });
  });

  test('a container that is started again and again says so', async () => {
    const HostConfig = { NetworkMode: 'none', RestartPolicy: { Name: 'always' } };
    await engine.run('loop', { Cmd: ['false'], HostConfig });
    const check = look('loop');
    const outcome = await become(check, /restarting/);
    expect(outcome).toMatchObject({ status: 'down', reason: 'the container is restarting (exit code 1)' });
    await until(async () => Number(figureOf(await check(), 'docker.restart_count')) >= 2, {
      timeoutMs: 40_000,
      everyMs: 100,
      what: 'two restarts are counted',
    });
  });

  test('an engine that is gone is told from a container that is', async () => {
    const { check } = probing(outbound, { kind: 'docker', container: 'web', socket: `${engine.socket}.not` });
    expect(await check()).toMatchObject({ status: 'down', reason: expect.stringMatching(/no socket of that name/) });
  });
});
