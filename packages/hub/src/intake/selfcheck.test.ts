import type { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Isolation } from './hubs/hubs.ts';
import { createSelfCheck, hostOf, isLoopback, type SelfCheckTarget } from './selfcheck.ts';

const WIRED = { eth0: [{ internal: false }], lo: [{ internal: true }] } as unknown as ReturnType<
  typeof networkInterfaces
>;
const CUT = { lo: [{ internal: true }] } as unknown as ReturnType<typeof networkInterfaces>;
const at = (host: string) => ({ target: `http://${host}/health`, intervalMs: 1000 });

function world(targets: SelfCheckTarget[] = []) {
  const kit = { ms: 0, answers: new Set<string>(), asked: [] as string[], wires: WIRED };
  const changes: (Isolation | undefined)[] = [];
  const check = createSelfCheck({
    clock: { now: () => 1_800_000_000_000 + kit.ms, monotonic: () => kit.ms },
    async open({ host, trusted }) {
      kit.asked.push(host);
      if (!trusted || !kit.answers.has(host)) throw new Error('no way');
      return { socket: { destroy: () => undefined } } as never;
    },
    targets: () => targets,
    interfaces: () => kit.wires,
    onChange: (isolation) => changes.push(isolation),
  });
  return { kit, check, changes };
}

describe('a hub with targets of its own to ask', () => {
  const targets = [
    { host: 'gate', port: 443 },
    { host: 'ns', port: 53 },
  ];

  test('believes a failure while one of them answers', async () => {
    const { kit, check, changes } = world(targets);
    kit.answers.add('ns');
    expect(await check.blame(at('shop.test'))).toBeUndefined();
    expect(changes).toEqual([]);
  });

  test('is isolated while none does, even towards its own machine, and asks once a second for everybody', async () => {
    const { kit, check, changes } = world(targets);
    const words = 'this hub reaches none of its own targets (gate:443, ns:53)';
    expect(
      await Promise.all([check.blame(at('a.test')), check.blame(at('127.0.0.1')), check.blame(at('b.test'))]),
    ).toEqual([words, words, words]);
    expect(kit.asked).toEqual(['gate', 'ns']);
    expect(changes).toEqual([{ since: 1_800_000_000_000, reason: words }]);
    kit.ms = 999;
    await check.blame(at('a.test'));
    expect(kit.asked).toHaveLength(2);
    kit.ms = 1001;
    kit.answers.add('gate');
    expect(await check.blame(at('a.test'))).toBeUndefined();
    expect(changes).toEqual([expect.anything(), undefined]);
  });

  test('asks again when something is reached, and is isolated no more when they answer', async () => {
    const { kit, check, changes } = world(targets);
    await check.blame(at('a.test'));
    kit.ms = 5000;
    kit.answers.add('gate');
    check.reached(at('a.test'));
    await new Promise((done) => setImmediate(done));
    expect(changes.at(-1)).toBeUndefined();
    expect(check.isolation()).toBeUndefined();
  });
});

describe('a hub without', () => {
  test('is isolated when no interface is up, and not towards its own machine', async () => {
    const { kit, check } = world();
    kit.wires = CUT;
    expect(await check.blame(at('shop.test'))).toBe('no network interface of this machine is up');
    expect(await check.blame(at('localhost:80'))).toBeUndefined();
    kit.wires = WIRED;
    expect(await check.blame(at('shop.test'))).toBeUndefined();
  });

  test('is isolated when the newest checks of three hosts came to nothing, until one of them is reached', async () => {
    const { kit, check, changes } = world();
    for (const host of ['a.test', 'b.test', 'c.test']) check.reached(at(host));
    expect(await check.blame(at('a.test'))).toBeUndefined();
    expect(await check.blame(at('b.test'))).toBeUndefined();
    expect(await check.blame(at('c.test'))).toBe('none of 3 hosts was reached by their newest checks');
    expect(await check.blame(at('a.test'))).toBeDefined();
    kit.ms = 1500;
    check.reached(at('127.0.0.1'));
    expect(check.isolation()).toBeDefined();
    check.reached(at('b.test'));
    expect(check.isolation()).toBeUndefined();
    expect(changes).toHaveLength(2);
  });

  test.each([
    ['two hosts are too few', ['a.test', 'b.test'], 0],
    ['many paths of one host are one', ['a.test', 'a.test', 'a.test', 'a.test'], 0],
    ['what was seen two intervals ago says nothing', ['a.test', 'b.test', 'c.test'], 1200],
  ])('believes a failure: %s', async (_name, hosts, pause) => {
    const { kit, check } = world();
    const said: unknown[] = [];
    for (const host of hosts) {
      said.push(await check.blame(at(host)));
      kit.ms += pause;
    }
    expect(said.filter((one) => one !== undefined)).toEqual([]);
  });
});

test.each([
  ['http://shop.test:8080/a?b=***', 'shop.test', false],
  ['https://[::1]:8443/', '::1', true],
  ['127.0.0.2:53', '127.0.0.2', true],
  ['db.internal:5432', 'db.internal', false],
  ['postgres://user@db:5432/app', 'db', false],
  ['localhost:9', 'localhost', true],
  ['', undefined, false],
])('the host of %s is %s', (target, host, own) => {
  expect(hostOf(target)).toBe(host);
  if (host !== undefined) expect(isLoopback(host)).toBe(own);
});
