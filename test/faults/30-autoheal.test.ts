import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HealAttempt } from '@orrery/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Autoheal, execIn, inspect, startAutoheal, type Try, WELL } from '../services/autoheal.ts';
import { canRunEngine, type Engine, startDocker } from '../services/docker.ts';
import { startHub } from '../services/hub.ts';
import { startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

/** Rows 26 and 30 on a real engine: what may become of a restart, and how often it is tried. */
describe.runIf(canRunEngine)('containers that fail', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDocker();
  });
  afterEach(async () => {
    const { json } = await engine.ask('GET', '/containers/json?all=1');
    for (const { Id } of json as { Id: string }[]) await engine.ask('DELETE', `/containers/${Id}?force=1`);
  });
  afterAll(() => engine?.stop());

  const start = async (options: Parameters<typeof startAutoheal>[1] = {}, socket = engine.socket) => {
    const healer = await startAutoheal({ socket }, options);
    onTestFinished(() => healer.kill());
    return healer;
  };
  const well = (name: string) =>
    until(async () => (await inspect(engine, name)).health === 'healthy', {
      timeoutMs: 60_000,
      what: `${name} is healthy`,
    });
  const tryThat = (healer: Autoheal, is: (one: Try) => boolean, what: string, timeoutMs = 60_000) =>
    until(() => healer.tries().find(is), { timeoutMs, what: `${what}: ${healer.run.stderr()}` });
  const now = () => Date.now() / 1000;
  /** How often the engine itself says that containers were restarted. */
  const restarts = async (since: number): Promise<string[]> => {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['restart'] }));
    const { body } = await engine.text(`/events?since=${since}&until=${now()}&filters=${filters}`);
    return body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).Actor.Attributes.name);
  };

  test('the engine is gone in the middle of a restart: nothing is done twice, and it goes on when it is back', async () => {
    // It takes no word, so that the restart takes its whole grace.
    await engine.run('web', { ...WELL, Cmd: ['sh', '-c', 'trap "" TERM; touch /well; while true; do sleep 1; done'] });
    await well('web');
    const healer = await start({ args: ['--grace', '20s'] });
    await execIn(engine, 'web', 'rm', '/well');
    await tryThat(healer, ({ status }) => status === 'acting', 'it is being restarted');
    await engine.crash();
    await tryThat(
      healer,
      ({ detail }) => detail?.includes('it is not known whether') === true,
      'it says that it does not know',
    );
    await engine.again();
    await until(() => healer.run.stderr().includes('the engine is back'), {
      timeoutMs: 60_000,
      what: 'it hears the engine',
    });
    const done = await tryThat(healer, ({ status }) => status === 'done', 'it has seen what came of it');
    expect(['healed', 'no effect']).toContain(done.outcome);
    expect(healer.tries().filter(({ actingAt }) => actingAt !== null)).toHaveLength(1);
  });

  test('a container that never becomes healthy is tried twice, and then it is a person’s', async () => {
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    await engine.run('sick', { ...WELL, Cmd: ['sleep', '600'] });
    const since = now();
    const healer = await start({
      args: ['--cooldown', '0s', '--within', '3s', '--every', '1s'],
      env: { SLACK_WEBHOOK_URL: receiver.url },
    });
    const told = () => receiver.received.map(({ body }) => JSON.parse(body).text as string);
    await until(() => told().some((text) => text.includes('needs a person')), {
      timeoutMs: 90_000,
      what: 'a person is told',
    });
    expect(healer.tries().map(({ outcome }) => outcome)).toEqual(['no effect', 'no effect']);
    expect(await restarts(since)).toEqual(['sick', 'sick']);
    expect(told().filter((text) => text.includes('needs a person'))).toHaveLength(1);
    expect(told().find((text) => text.includes('needs a person'))).toContain('docker restart sick');
  });

  test('a restart that never ends is not waited for, and not sent again', async () => {
    // The engine with a door in front that swallows restarts.
    const socket = join(mkdtempSync(join(tmpdir(), 'orrery-door-')), 'd.sock');
    let swallowed = 0;
    const door = createServer((asked, answer) => {
      if (asked.url?.includes('/restart')) {
        swallowed += 1;
        return;
      }
      const on = request(
        { socketPath: engine.socket, method: asked.method, path: asked.url, headers: asked.headers },
        (from) => {
          answer.writeHead(from.statusCode ?? 502, from.headers);
          from.pipe(answer);
        },
      );
      on.on('error', () => answer.destroy());
      answer.on('close', () => on.destroy());
      asked.pipe(on);
    });
    door.listen({ path: socket });
    await once(door, 'listening');
    onTestFinished(() => {
      door.closeAllConnections();
      door.close();
    });
    await engine.run('web', WELL);
    await well('web');
    const healer = await start({ args: ['--timeout', '1s', '--within', '2s'] }, socket);
    await execIn(engine, 'web', 'rm', '/well');
    const ended = await tryThat(healer, ({ status }) => status === 'done', 'it gives up');
    expect(ended).toMatchObject({ outcome: 'no effect', detail: expect.stringContaining('it is not known whether') });
    expect(swallowed).toBe(1);
  });

  test('fifty that crash at once are healed three at a time, and no more than the hour allows', async () => {
    const shared = mkdtempSync(join(tmpdir(), 'orrery-storm-'));
    const Cmd = [
      'sh',
      '-c',
      'test -e /again && sleep 600; touch /again; while test ! -e /shared/go; do sleep 1; done; exit 3',
    ];
    const HostConfig = { NetworkMode: 'none', Binds: [`${shared}:/shared`] };
    const names = Array.from({ length: 50 }, (_, i) => `storm-${i}`);
    for (const name of names) await engine.run(name, { Labels: WELL.Labels, Cmd, HostConfig });
    const since = now();
    const healer = await start({ args: ['--max-share', '34', '--stable', '1s', '--every', '5s'] });
    writeFileSync(join(shared, 'go'), '');
    let most = 0;
    let rss = 0;
    await until(
      () => {
        most = Math.max(most, healer.tries().filter(({ status }) => status !== 'done').length);
        rss = Math.max(rss, rssOf(healer.run.process.pid));
        return (
          healer.run.stderr().includes('20 attempts an hour are spent') &&
          healer.tries().every(({ status }) => status === 'done')
        );
      },
      { timeoutMs: 200_000, everyMs: 100, what: 'the hour is spent' },
    );
    const did = healer.tries();
    expect(did.map(({ outcome }) => outcome)).toEqual(Array(20).fill('healed'));
    expect(most).toBeLessThanOrEqual(3);
    const all = await restarts(since);
    expect([all.length, new Set(all).size]).toEqual([20, 20]);
    console.info(`storm of 50: 20 restarts, at most ${most} at once, RSS at most ${rss} MiB`);
  }, 300_000);

  test('row 26: one that crashes again and again is restarted three times an hour, however often the hub is killed', async () => {
    await engine.run('loop', { Labels: WELL.Labels, Cmd: ['sh', '-c', 'sleep 6; exit 3'] });
    const since = now();
    const yaml = `network: { allowPrivate: true }
repair: { enabled: true, maxTargets: 5, maxSharePercent: 100 }
projects: [{ slug: shop, name: Shop, hubUrl: "http://127.0.0.1:1" }]
autoheal:
  - { project: shop, socket: "${engine.socket}", mode: automatic, grace: 1s, every: 1s, limits: { cooldown: 0ms, perHour: 3 }, verify: { within: 20s, stableFor: 1s } }
`;
    let hub = await startHub({ yaml });
    onTestFinished(() => hub.dispose());
    const acted = async () =>
      (await hub.api.read<{ items: HealAttempt[] }>('/ops/autoheal?limit=100')).items.filter(
        ({ actedAt }) => actedAt !== null,
      );
    for (const n of [1, 2]) {
      await until(async () => (await acted()).length === n, { timeoutMs: 90_000, what: `it was restarted ${n} times` });
      await hub.kill();
      hub = await startHub({ dataDir: hub.dataDir });
    }
    const reason = async () =>
      (await hub.api.read<{ items: { verdict: { reason: string } | null }[] }>('/ops/heal/policies')).items[0]?.verdict
        ?.reason;
    await until(
      async () => /3 attempts an hour are spent|needs a person|approv|did not heal/.test((await reason()) ?? ''),
      {
        timeoutMs: 120_000,
        what: 'it is left to wait',
      },
    );
    expect((await restarts(since)).length).toBeLessThanOrEqual(3);
    console.info(
      `restart loop over two kills of the hub: ${(await restarts(since)).length} restarts, then "${await reason()}"`,
    );
  });
});

function rssOf(pid: number | undefined): number {
  const file = `/proc/${pid}/status`;
  return existsSync(file) ? Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) / 1024) : 0;
}
