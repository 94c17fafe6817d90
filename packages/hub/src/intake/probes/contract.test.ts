import { randomBytes } from 'node:crypto';
import { MetricKey, ProbeDeclaration } from '@orrery/protocol';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { until } from '../../../../../test/services/until.ts';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { type Kind, MEMBERS, type Member, onTcp, onUdp, SECRET, type Served } from './contract.fixture.ts';
import { PROBES } from './index.ts';
import type { CheckContext, Outcome } from './probe.ts';
import { openOutbound, probing } from './testing.ts';

const open = openOutbound();
const closed = createOutbound({ clock: systemClock, allowPrivate: false });
const started: Served[] = [];
afterEach(() => {
  for (const server of started.splice(0)) server.stop();
});
afterAll(() => {
  open.close();
  closed.close();
});

const GENEROUS_MS = 5000;
const own = async (served: Promise<Served>): Promise<Served> => {
  const server = await served;
  started.push(server);
  return server;
};

type Asked = { timeout?: string; host?: string; context?: Partial<CheckContext> };

/** Runs one check, and holds it to what is true of every check: nothing thrown, nothing secret told, nothing that is no number. */
async function check(
  member: Member,
  port: number,
  { timeout = '5s', host, context = {} }: Asked = {},
): Promise<Outcome> {
  const declared = member.declare(port, host);
  const spoken = member.transport === 'none' ? {} : { timeout };
  const { target, check: run } = probing(open, { ...declared, ...spoken }, { apiKey: `${SECRET}-key`, ...context });
  const outcome = await run();
  expect(JSON.stringify([target, outcome])).not.toContain(SECRET);
  for (const { key, value } of [...(outcome.samples ?? []), ...(outcome.figures ?? [])]) {
    expect(MetricKey.safeParse(key).success).toBe(true);
    expect(typeof value === 'string' || Number.isFinite(value)).toBe(true);
  }
  expect(outcome.reason?.length ?? 0).toBeLessThan(500);
  if (outcome.status !== 'up') expect(outcome.reason).toMatch(/\w+ \w+/);
  return outcome;
}

/** What many a stranger says. */
const GARBAGE: readonly [what: string, text: string][] = [
  ['nothing', ''],
  ['random bytes', randomBytes(4096).toString('latin1')],
  ['zeros', '\0'.repeat(1000)],
  ['text without an end', 'hello'.repeat(2000)],
  ['a page of something else', 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n<html>not found</html>'],
  ['deep JSON', `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${'['.repeat(100_000)}`],
  ['the greeting of a mail server', '220 mail ESMTP\r\n'],
];

const stranger = (member: Member, text: string): Promise<Served> =>
  member.transport === 'udp'
    ? onUdp((question) => Buffer.concat([question.subarray(0, 2), Buffer.from(text, 'latin1')]).subarray(0, 8000))
    : onTcp((socket) => {
        socket.on('data', () => undefined);
        socket.end(Buffer.from(text, 'latin1'));
      });

test('every kind has a member in the contract, and a family', () => {
  const kinds = ProbeDeclaration.options.map((option) => option.shape.kind.value).sort();
  expect(Object.keys(MEMBERS).sort()).toEqual(kinds);
  expect(Object.keys(PROBES).sort()).toEqual(kinds);
});

describe.each(Object.entries(MEMBERS) as [Kind, Member][])('every probe keeps the contract: %s', (kind, member) => {
  test('a target that is well is up, with a latency', async () => {
    const server = await own(member.healthy());
    const outcome = await check(member, server.port);
    expect(outcome).toMatchObject({ status: 'up' });
    expect(outcome.reason).toBeUndefined();
    if (kind !== 'heartbeat') expect(outcome.latencyMs).toBeGreaterThanOrEqual(0);
    await until(() => server.open() === 0, { what: 'the connection is gone' });
  });

  if (member.transport === 'none') {
    test('what stays away is down, with the times that say so', async () => {
      const beat = async () => ({ agoMs: 600_000, beats: 3, failed: false });
      const outcome = await check(member, 0, { context: { beat } });
      expect(outcome).toMatchObject({ status: 'down', reason: expect.stringMatching(/10m ago; one every 1m/) });
    });
    return;
  }

  const silent = () =>
    own(
      member.transport === 'udp' ? onUdp(() => undefined) : onTcp((socket) => void socket.on('data', () => undefined)),
    );

  test('a target that is not there is down, with a reason that names what was asked', async () => {
    const server = await member.healthy();
    server.stop();
    const outcome = await check(member, server.port, { timeout: '1s' });
    expect(outcome).toMatchObject({ status: 'down', heard: false });
    expect(outcome.reason).toContain(String(server.port));
  });

  test('a target that hangs is down when the time is up, before and after its first byte, and the connection is gone', async () => {
    const first = Buffer.from(member.endless?.[0] ?? '\0', 'latin1');
    const begun = await own(
      member.transport === 'udp'
        ? onUdp(() => first)
        : onTcp((socket) => {
            socket.on('data', () => undefined);
            socket.write(first);
          }),
    );
    const hanging = async (server: Served) => {
      const from = performance.now();
      const outcome = await check(member, server.port, { timeout: '200ms' });
      expect(performance.now() - from).toBeLessThan(GENEROUS_MS);
      expect(outcome.status).toBe('down');
      if (server !== begun || member.transport === 'tcp') expect(outcome.reason).toMatch(/\d ms/);
      await until(() => server.opened() > 0 && server.open() === 0, { what: 'the target was asked, and let go' });
    };
    await Promise.all([hanging(await silent()), hanging(begun)]);
  });

  test.each([...GARBAGE, ...(member.traps ?? []).map((trap, i): [string, string] => [`a trap (${i + 1})`, trap])])(
    'a target that answers %s is not up',
    async (_what, text) => {
      const server = await own(stranger(member, text));
      const from = performance.now();
      const outcome = await check(member, server.port, { timeout: '1s' });
      expect(['down', 'degraded']).toContain(outcome.status);
      expect(performance.now() - from).toBeLessThan(GENEROUS_MS);
    },
  );

  test('a target that sends back what it was sent learns nothing, and tells nobody', async () => {
    const server = await own(
      member.transport === 'udp' ? onUdp((question) => question) : onTcp((socket) => void socket.pipe(socket)),
    );
    const web = await own(
      onTcp((socket) => {
        socket.once('data', (sent: Buffer) => {
          const body = JSON.stringify({ status: sent.toString(), error: sent.toString(), message: sent.toString() });
          socket.end(`HTTP/1.1 500 ${SECRET}\r\nx-${SECRET}: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        });
      }),
    );
    for (const { port } of member.transport === 'udp' ? [server] : [server, web]) {
      const outcome = await check(member, port, { timeout: '200ms' });
      expect(['down', 'degraded']).toContain(outcome.status);
    }
  });

  const { endless } = member;
  if (endless !== undefined)
    test('an answer without an end is read to a bound, and no further', async () => {
      const piece = Buffer.alloc(65_536, 0x20);
      const server = await own(
        onTcp((socket) => {
          socket.on('data', () => undefined);
          socket.write(Buffer.from(endless, 'latin1'));
          const pour = () => {
            while (!socket.destroyed && socket.write(piece));
          };
          socket.on('drain', pour);
          pour();
        }),
      );
      const outcome = await check(member, server.port, { timeout: '10s' });
      expect(['down', 'degraded']).toContain(outcome.status);
      await until(() => server.open() === 0, { what: 'the connection is gone' });
      // The bound is 2 MiB or less; the rest is what the system had taken on its way (up to some 10 MB) for each of two requests.
      expect(server.poured()).toBeLessThan(32 * 1024 * 1024);
    });

  test('a check that is stopped ends at once', async () => {
    const server = await silent();
    const stopping = new AbortController();
    const from = performance.now();
    const outcome = check(member, server.port, { timeout: '60s', context: { signal: stopping.signal } });
    await until(() => server.opened() > 0, { what: 'the target is asked' });
    stopping.abort();
    expect(await outcome).toMatchObject({ status: 'down', heard: false });
    expect(performance.now() - from).toBeLessThan(20_000);
    await until(() => server.open() === 0, { what: 'the connection is gone' });
  });

  test('a check that was stopped before it began asks nobody', async () => {
    const server = await silent();
    const outcome = await check(member, server.port, { context: { signal: AbortSignal.abort() } });
    expect(outcome).toMatchObject({ status: 'down', heard: false });
    expect(server.opened()).toBe(0);
  });

  test('an address that is not allowed is refused, and nobody is asked', async () => {
    const server = await own(member.healthy());
    const outcome = await check(member, server.port, { context: { outbound: closed } });
    expect(outcome).toMatchObject({ status: 'down', heard: false, reason: expect.stringMatching(/private/) });
    expect(server.opened()).toBe(0);
  });

  test.each(['169.254.169.254', '100.100.100.200'])('the metadata address %s is never asked', async (host) => {
    const outcome = await check(member, 80, { host, timeout: '30s' });
    expect(outcome).toMatchObject({ status: 'down', heard: false, reason: expect.stringMatching(/metadata/) });
    expect(open.inFlight()).toBe(0);
  });
});
