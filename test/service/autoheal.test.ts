import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Autoheal, execIn, inspect, startAutoheal, type Try, WELL } from '../services/autoheal.ts';
import { canRunEngine, type Engine, startDocker } from '../services/docker.ts';
import { startOrrery } from '../services/orrery.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

// It takes Linux and root to start an engine.
describe.runIf(canRunEngine)('orrery autoheal on a real engine', () => {
  let engine: Engine;
  let receiver: Receiver;
  beforeAll(async () => {
    [engine, receiver] = await Promise.all([startDocker(), startReceiver()]);
  });
  afterEach(async () => {
    const { json } = await engine.ask('GET', '/containers/json?all=1');
    for (const { Id } of json as { Id: string }[]) await engine.ask('DELETE', `/containers/${Id}?force=1`);
    receiver.received.length = 0;
  });
  afterAll(async () => {
    await engine?.stop();
    await receiver?.close();
  });

  const start = async (...given: Parameters<typeof startAutoheal> extends [unknown, ...infer Rest] ? Rest : never) => {
    const healer = await startAutoheal(engine, ...given);
    onTestFinished(() => healer.kill());
    return healer;
  };
  const well = (name: string) =>
    until(async () => (await inspect(engine, name)).health === 'healthy', {
      timeoutMs: 60_000,
      what: `${name} is healthy`,
    });
  const tryThat = (healer: Autoheal, is: (one: Try) => boolean, what: string) =>
    until(() => healer.tries().find(is), { timeoutMs: 60_000, what: `${what}: ${healer.run.stderr()}` });

  test('restarts what is unhealthy at once, proves it, and tells the story; what carries no label is left alone', async () => {
    await engine.run('marked', WELL);
    await engine.run('plain', { ...WELL, Labels: {} });
    await Promise.all([well('marked'), well('plain')]);
    const before = await inspect(engine, 'plain');
    const base = new URL(receiver.url).origin;
    const healer = await start({
      env: {
        ...{ GRAFANA_URL: `${base}/grafana`, GRAFANA_API_KEY: 'token-of-grafana', SLACK_WEBHOOK_URL: `${base}/slack` },
        ...{ AUTOHEAL_WEBHOOK_URL: `${base}/web`, AUTOHEAL_WEBHOOK_SECRET: 'the-secret-of-the-autoheal-hook' },
      },
    });
    // The first look is over once it has asked for events: from then on only they, or two minutes, make it look again.
    await until(async () => (await inspect(engine, 'marked')).health === 'healthy', { what: 'both are well' });
    await Promise.all([execIn(engine, 'marked', 'rm', '/well'), execIn(engine, 'plain', 'rm', '/well')]);
    const healed = await tryThat(healer, ({ outcome }) => outcome === 'healed', 'it is healed');
    expect(healed).toMatchObject({ container: 'marked', reason: expect.stringContaining('unhealthy') });
    expect(await inspect(engine, 'plain')).toMatchObject({ startedAt: before.startedAt, health: 'unhealthy' });
    await until(() => receiver.received.length >= 6, { what: 'all were told twice' });
    const to = (path: string) =>
      receiver.received.filter((one) => one.path === path).map(({ body }) => JSON.parse(body));
    expect(to('/grafana/api/annotations')).toMatchObject([
      { tags: ['orrery', 'autoheal', 'restarted', 'marked'], text: expect.stringContaining('marked was restarted') },
      { tags: ['orrery', 'autoheal', 'healed', 'marked'] },
    ]);
    expect(to('/slack').map(({ text }) => text.split('\n')[0])).toEqual([
      'marked was restarted',
      'marked was healed by a restart',
    ]);
    const hook = receiver.received.find(({ path }) => path === '/web');
    expect(hook?.headers['webhook-signature']).toMatch(/^v1,/);
    expect(healer.run.stderr()).not.toMatch(/token-of-grafana|the-secret/);
    expect(healer.tries()).toHaveLength(1);
  });

  test('restarts what crashed; what somebody stopped or restarted, and what came to its end, is left alone', async () => {
    const Labels = WELL.Labels;
    await engine.run('crashing', {
      Labels,
      Cmd: ['sh', '-c', 'test -e /second && sleep 600; touch /second; while test ! -e /go; do sleep 1; done; exit 3'],
    });
    await engine.run('killed', { Labels });
    await engine.run('stopped', { Labels });
    await engine.run('restarted', { Labels });
    await engine.run('done', { Labels, Cmd: ['sh', '-c', 'while test ! -e /go; do sleep 1; done'] });
    const healer = await start();
    await engine.ask('POST', '/containers/stopped/stop?t=1');
    await engine.ask('POST', '/containers/killed/kill');
    await engine.ask('POST', '/containers/restarted/restart?t=1');
    const restarted = await inspect(engine, 'restarted');
    await execIn(engine, 'done', 'touch', '/go');
    await execIn(engine, 'crashing', 'touch', '/go');
    const healed = await tryThat(healer, ({ outcome }) => outcome === 'healed', 'the crash is healed');
    expect(healed).toMatchObject({ container: 'crashing', reason: 'it ended by itself with exit code 3' });
    expect(healer.tries()).toHaveLength(1);
    for (const name of ['stopped', 'killed', 'done']) expect((await inspect(engine, name)).status).toBe('exited');
    expect(await inspect(engine, 'restarted')).toEqual(restarted);
  });

  test('in a dry run, where it begins, says once what it would have done', async () => {
    await engine.run('web', WELL);
    await well('web');
    const before = await inspect(engine, 'web');
    const healer = await start({
      args: ['--mode', 'dryRun', '--every', '1s'],
      env: { SLACK_WEBHOOK_URL: receiver.url },
    });
    await execIn(engine, 'web', 'rm', '/well');
    await tryThat(healer, ({ outcome }) => outcome === 'dry run', 'it says what it would have done');
    await until(() => receiver.received.length > 0, { what: 'it is told' });
    await execIn(engine, 'web', 'touch', '/well');
    await well('web');
    expect((await inspect(engine, 'web')).startedAt).toBe(before.startedAt);
    expect(receiver.received.map(({ body }) => JSON.parse(body).text.split('\n')[0])).toEqual([
      'web would have been restarted',
    ]);
  });

  test('does nothing while its pause file is there, and nothing to a container that is named in it', async () => {
    await engine.run('web', WELL);
    await engine.run('api', WELL);
    await Promise.all([well('web'), well('api')]);
    const healer = await start({ args: ['--every', '1s'] });
    writeFileSync(join(healer.state, 'paused'), 'web\n');
    await Promise.all([execIn(engine, 'web', 'rm', '/well'), execIn(engine, 'api', 'rm', '/well')]);
    await tryThat(
      healer,
      ({ container, outcome }) => container === 'api' && outcome === 'healed',
      'the other is healed',
    );
    expect(healer.tries().map(({ container }) => container)).toEqual(['api']);
    expect(healer.run.stderr()).toContain('the service is in maintenance');
    writeFileSync(join(healer.state, 'paused'), '');
    await execIn(engine, 'api', 'rm', '/well');
    await until(() => healer.run.stderr().includes('repair is paused by its pause file'), {
      timeoutMs: 20_000,
      what: 'it is paused',
    });
    expect(healer.tries()).toHaveLength(1);
  });

  test('killed in the middle goes on from its state: nothing is done twice, and limits hold', async () => {
    await engine.run('web', WELL);
    await well('web');
    const first = await start();
    await execIn(engine, 'web', 'rm', '/well');
    await tryThat(first, ({ status }) => status === 'verifying', 'it is restarted');
    await first.kill();
    const second = await start({ state: first.state });
    await tryThat(second, ({ outcome }) => outcome === 'healed', 'what came of it is seen');
    await execIn(engine, 'web', 'rm', '/well');
    await until(() => second.run.stderr().includes('cooling down'), {
      timeoutMs: 20_000,
      what: 'the cooldown of before holds',
    });
    expect(second.tries()).toHaveLength(1);
  });

  test('without its state, which cannot be read, does not begin anew', async () => {
    const healer = await start();
    await healer.stop();
    writeFileSync(join(healer.state, 'state.json'), '{"version":1,"tri');
    const { code, stderr } = await startOrrery(['autoheal', '--socket', engine.socket, '--state', healer.state]).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('cannot be read; without it the limits of healing would begin anew');
  });
});
