import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HealAttempt, HealPolicyView } from '@orrery/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { type SeveralHubs, startHubs } from '../services/several-hubs.ts';
import { until } from '../services/until.ts';

/** Two hubs and a target that answers each of them as it likes: before anything is done, the other one is asked what it sees. */
let target: Server;
let receiver: Receiver;
let several: SeveralHubs | undefined;
/** Which hub probes by itself: that is the one that judges. The other looks when it is asked only. */
let judge: number | undefined;
let toJudge = 200;
let toOther = 200;

beforeAll(async () => {
  receiver = await startReceiver();
  target = createServer((request, response) => {
    const hub = several ? ownerOf(request.socket.remotePort ?? 0) : undefined;
    judge ??= hub;
    response.writeHead(hub === judge ? toJudge : toOther).end();
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as AddressInfo;
  const yaml = `network: { allowPrivate: true }
repair: { enabled: true, maxSharePercent: 100 }
projects:
  - slug: shop
    name: Shop
    hubUrl: http://127.0.0.1:${port}
    services:
      - name: api
        probes: [{ kind: http, url: "http://127.0.0.1:${port}/", interval: 1s, timeout: 800ms, failAfter: 2 }]
        heal:
          - name: restart
            mode: automatic
            remedy: { kind: webhook, url: "${receiver.url}/restart" }
            limits: { cooldown: 0ms }
            verify: { within: 2s, stableFor: 1s }
`;
  several = await startHubs([yaml, yaml], 1);
});
beforeEach(() => {
  toJudge = 200;
  toOther = 200;
});
// It takes Linux to tell two hubs on one machine apart.
const isLinux = process.platform === 'linux';
afterAll(async () => {
  await several?.dispose();
  target?.close();
  await receiver?.close();
});

const first = () => several?.hubs[0] as NonNullable<SeveralHubs['hubs'][0]>;

/** Which hub a connection comes from: both say the same of themselves, and the system knows whose a port is. */
function ownerOf(port: number): number | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .find(([, address]) => address?.endsWith(local));
  const socket = `socket:[${line?.[9]}]`;
  return several?.hubs.find(({ pid }) =>
    readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === socket;
      } catch {
        // It was closed meanwhile.
        return false;
      }
    }),
  )?.pid;
}

const attempts = async () => (await first().api.read<{ items: HealAttempt[] }>('/ops/autoheal')).items;

test.runIf(isLinux)(
  'quorum: a target that another hub sees up is not repaired, and is decided anew half a minute later',
  {
    timeout: 120_000,
  },
  async () => {
    await until(() => judge !== undefined, { what: 'one of them probes' });
    toJudge = 503;
    const refused = await until(async () => (await attempts()).find(({ outcome }) => outcome === 'refused'), {
      timeoutMs: 40_000,
      what: 'the second look of the other hub forbids it',
    });
    expect(refused.detail).toMatch(/the hub .+ sees it up: only one side fails to reach it/);
    expect(receiver.received).toEqual([]);
    await until(
      async () =>
        (await first().api.read<{ items: HealPolicyView[] }>('/ops/heal/policies')).items[0]?.verdict?.reason.includes(
          'did not confirm',
        ),
      { timeoutMs: 20_000, what: 'the guard waits' },
    );
    // Now the other one sees it too.
    toOther = 503;
    const acted = await until(async () => (await attempts()).find(({ actedAt }) => actedAt !== null), {
      timeoutMs: 60_000,
      what: 'both see it, and it is repaired',
    });
    expect(acted.secondLook).toMatch(/a second look and the hub .+ see it down/);
    expect(receiver.received).toHaveLength(1);
  },
);
