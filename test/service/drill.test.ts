import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Report } from '../../packages/hub/src/drill/index.ts';
import { canRunEngine, startDocker } from '../services/docker.ts';
import { startHub } from '../services/hub.ts';
import { emptyFolder, orrery, startOrrery } from '../services/orrery.ts';
import { freePort } from '../services/ports.ts';
import { until } from '../services/until.ts';

/** The end-to-end test of self-healing: real products are broken, a real hub has to see it, name it, repair it and prove it. */
const drill = async (...args: string[]): Promise<Report & { code: number | null }> => {
  const { code, stdout, stderr } = await orrery(['drill', '--json', ...args]);
  if (!stdout.startsWith('{')) throw new Error(`it ended with ${code}: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), code };
};
const missed = ({ bars }: Report) => bars.filter(({ passed }) => passed === false).map(({ name }) => name);
/** How fast it was is for a quiet machine to say: see docs/drill.md. */
const FAST = 'fault to verified repair, p50';

describe('a drill of the plain processes', () => {
  test('sees, names and heals what is broken, alone, and leaves the noise of healthy products alone', async () => {
    const only = ['--only', 'veria: it answers nobody', 'performia: its process is killed'];
    const report = await drill('--interval', '2s', '--quiet-minutes', '0.5', ...only);
    expect(missed(report).filter((name) => name !== FAST)).toEqual([]);
    expect(report.code).toBe(missed(report).length === 0 ? 0 : 1);
    expect(report.faults.map(({ fault, cause }) => [fault, cause?.project, cause?.kind])).toEqual([
      ['veria: it answers nobody', 'veria', 'unresponsive'],
      ['performia: its process is killed', 'performia', 'unreachable'],
    ]);
    for (const { detectMs, repairMs, attempts, pages } of report.faults) {
      expect(detectMs).toBeGreaterThan(0);
      expect(repairMs).toBeGreaterThan(detectMs ?? 0);
      expect(attempts).toBe(1);
      expect(pages).toBeGreaterThan(0);
    }
    expect(report.quiet).toMatchObject({ minutes: 0.5, falseHeals: 0 });
  }, 240_000);
});

// It takes Linux and root to start an engine.
describe.runIf(canRunEngine)('a drill of containers', () => {
  test('restarts what is paused and not what needs it, and takes its containers away', async () => {
    const engine = await startDocker();
    onTestFinished(() => engine.stop());
    const ground = ['--docker', engine.socket, '--image', 'busybox:orrery', '--bind-node', '--yes'];
    const only = ['--only', 'veria: its container is paused'];
    const report = await drill('--interval', '2s', '--quiet-minutes', '0', ...ground, ...only);
    expect(missed(report).filter((name) => name !== FAST)).toEqual([]);
    expect(report.faults).toMatchObject([{ cause: { project: 'veria', kind: 'unresponsive' }, attempts: 1 }]);
    const { json } = await engine.ask('GET', '/containers/json?all=1');
    expect(json).toEqual([]);
  }, 300_000);
});

describe('a drill of a ground of one’s own', () => {
  /** A product that is broken while a file is there, and a hub that watches it. */
  const ground = async () => {
    const cwd = emptyFolder();
    const broken = join(cwd, 'broken');
    const server = createServer((_request, response) => void response.writeHead(existsSync(broken) ? 503 : 200).end());
    const port = await freePort();
    server.listen(port, '127.0.0.1');
    onTestFinished(() => void server.close());
    const pages = { port: await freePort(), secret: 'the-secret-of-the-drill-channel-1' };
    const hub = await startHub({
      yaml: `network: { allowPrivate: true }
channels: [{ name: drill, kind: webhook, url: "http://127.0.0.1:${pages.port}/", secret: ${pages.secret} }]
projects:
  - slug: shop
    name: Shop
    hubUrl: http://127.0.0.1:${port}
    services: [{ name: api, probes: [{ kind: http, url: "http://127.0.0.1:${port}/", interval: 1s, timeout: 800ms, failAfter: 2 }] }]
`,
    });
    onTestFinished(() => hub.dispose());
    const declare = (change: object = {}) => {
      const fault = {
        ...{ name: 'the shop refuses', project: 'shop', service: 'api', kinds: ['failing'] },
        ...{ inject: ['/usr/bin/touch', broken], clear: ['/bin/rm', '-f', broken] },
      };
      writeFileSync(
        join(cwd, 'drill.yaml'),
        JSON.stringify({ hub: hub.url, interval: '1s', pages, faults: [fault], ...change }),
      );
    };
    const run = (...args: string[]) => {
      const hubOf = ['--url', hub.url, '--data', hub.dataDir];
      return orrery(['drill', '--config', 'drill.yaml', '--quiet-minutes', '0', '--json', ...hubOf, ...args], { cwd });
    };
    return { broken, declare, run, hub, cwd };
  };

  test('runs the declared commands, counts what people are told, and leaves all well', async () => {
    const { broken, declare, run } = await ground();
    declare();
    const { code, stdout, stderr } = await run('--yes');
    expect(stderr).toBe('');
    const report = JSON.parse(stdout) as Report;
    expect(report.faults).toMatchObject([{ fault: 'the shop refuses', isRight: true, remedy: false, pages: 1 }]);
    expect([code, missed(report)]).toEqual([0, []]);
    expect(existsSync(broken)).toBe(false);
  }, 90_000);

  test('mends what it broke when it is stopped', async () => {
    const { broken, declare, hub, cwd } = await ground();
    declare();
    const hubOf = ['--url', hub.url, '--data', hub.dataDir];
    const running = startOrrery(['drill', '--config', 'drill.yaml', '--yes', ...hubOf], { cwd });
    await until(() => existsSync(broken), { timeoutMs: 30_000, what: 'it is broken' });
    running.process.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining('what it broke is mended')]);
    expect(existsSync(broken)).toBe(false);
  }, 90_000);

  test('breaks nothing that is not declared, that the hub does not watch, or that nobody said yes to', async () => {
    const { broken, declare, run } = await ground();
    declare();
    const unasked = await run();
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('nobody is there to say yes')]);
    const other = await run('--yes', '--only', 'something else');
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('no fault of')]);
    declare({ hub: 'https://production.example' });
    const elsewhere = await run('--yes');
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining('production.example')]);
    const stranger = {
      name: 'x',
      project: 'shop',
      service: 'web',
      kinds: ['failing'],
      inject: ['/usr/bin/touch', broken],
      clear: ['/bin/true'],
    };
    declare({ faults: [stranger] });
    const unknown = await run('--yes');
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('shop/web')]);
    declare({ faults: [{ ...stranger, kinds: ['gremlins'] }] });
    const wrong = await run('--yes');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('kinds')]);
    expect(existsSync(broken)).toBe(false);
  }, 90_000);
});
