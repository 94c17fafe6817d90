import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { createOutbound } from '../outbound.ts';
import { nameServer, type ZoneRecord } from './nameserver.fixture.ts';
import { parseNameServer, type RecordType } from './records.ts';

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});
const finish = (step: () => void) => void cleanUp.push(step);

function way(allowPrivate: boolean, nameServers?: string[]) {
  const outbound = createOutbound({ clock: systemClock, allowPrivate, ...(nameServers ? { nameServers } : {}) });
  finish(outbound.close);
  return outbound;
}

describe('the records of a name', () => {
  test.each<[RecordType, string[]]>([
    ['A', ['192.0.2.1', '192.0.2.2']],
    ['AAAA', ['2001:db8::1']],
    ['CNAME', ['real.example']],
    ['MX', ['10 mail.example']],
    ['NS', ['ns1.example', 'ns2.example']],
    ['TXT', ['v=spf1 -all']],
    ['SRV', ['10 5 5060 sip.example']],
    ['CAA', ['0 issue ca.example']],
    ['SOA', ['ns1.example admin.example 7 3600 600 86400 300']],
    ['PTR', ['host.example']],
  ])('%s are read as a zone file has them', async (record, values) => {
    const { server, asked } = await nameServer(
      () => values.map((value): ZoneRecord => ({ type: record, value })),
      finish,
    );
    const answer = await way(true).records({ name: 'shop.example.', record, server, timeoutMs: 10_000 });
    expect(answer.values).toEqual(values);
    expect(answer.latencyMs).toBeGreaterThan(0);
    expect(asked).toEqual([`${record} shop.example`]);
  });

  test('of an address are found by its reverse name', async () => {
    const { server, asked } = await nameServer(() => [{ type: 'PTR', value: 'host.example' }], finish);
    const { values } = await way(true).records({ name: '192.0.2.7', record: 'PTR', server, timeoutMs: 10_000 });
    expect(values).toEqual(['host.example']);
    expect(asked).toEqual(['PTR 7.2.0.192.in-addr.arpa']);
  });

  test('are asked of the hub’s own name servers when none is named', async () => {
    const { server } = await nameServer(() => ['192.0.2.1'], finish);
    const { values } = await way(false, [server]).records({ name: 'shop.example', record: 'A', timeoutMs: 10_000 });
    expect(values).toEqual(['192.0.2.1']);
  });

  test.each([
    ['nxdomain', 'nxdomain'],
    ['servfail', 'servfail'],
    ['refused', 'dns_refused'],
    [[], 'no_record'],
  ] as const)('that are answered with %j have an error of their own class', async (reply, code) => {
    const { server } = await nameServer(() => reply, finish);
    const asked = way(true).records({ name: 'shop.example', record: 'A', server, timeoutMs: 10_000 });
    await expect(asked).rejects.toMatchObject({ kind: 'dns', code });
  });

  test('of a silent server are given up inside the deadline, after a second try', async () => {
    const { server, asked } = await nameServer(() => 'silence', finish);
    const outbound = way(true);
    const started = performance.now();
    const answer = outbound.records({ name: 'shop.example', record: 'A', server, timeoutMs: 900 });
    await expect(answer).rejects.toMatchObject({ kind: 'dns', code: 'dns_timeout' });
    expect(performance.now() - started).toBeLessThan(3000);
    expect(asked.length).toBeGreaterThanOrEqual(2);
    expect(outbound.inFlight()).toBe(0);
  });

  test('end with an abort, and with the hub', async () => {
    const { server } = await nameServer(() => 'silence', finish);
    const outbound = way(true);
    const stop = new AbortController();
    const ask = (signal?: AbortSignal) =>
      outbound.records({ name: 'shop.example', record: 'A', server, timeoutMs: 60_000, ...(signal ? { signal } : {}) });
    const [aborted, cut] = [ask(stop.signal), ask()];
    stop.abort();
    await expect(aborted).rejects.toMatchObject({ kind: 'stopped' });
    outbound.close();
    await expect(cut).rejects.toMatchObject({ kind: 'stopped' });
    await expect(ask()).rejects.toMatchObject({ kind: 'stopped' });
  });

  test('are not asked of a server whose address is not allowed: no question reaches it', async () => {
    const { server, asked } = await nameServer(() => ['192.0.2.1'], finish);
    const ask = (of: string, allowPrivate: boolean) =>
      way(allowPrivate).records({ name: 'shop.example', record: 'A', server: of, timeoutMs: 2000 });
    await expect(ask(server, false)).rejects.toMatchObject({ kind: 'forbidden_address' });
    await expect(ask(`[::ffff:${server.replace(':', ']:')}`, false)).rejects.toMatchObject({
      kind: 'forbidden_address',
    });
    for (const never of ['169.254.169.254', '169.254.169.254:53', '[fd00:ec2::253]:53', 'fd00:ec2::253'])
      await expect(ask(never, true), never).rejects.toMatchObject({ kind: 'forbidden_address' });
    expect(asked).toEqual([]);
  });
});

describe('a name server', () => {
  test.each([
    ['192.0.2.1', { address: '192.0.2.1', port: 53 }],
    ['192.0.2.1:5353', { address: '192.0.2.1', port: 5353 }],
    ['2001:db8::1', { address: '2001:db8::1', port: 53 }],
    ['[2001:db8::1]', { address: '2001:db8::1', port: 53 }],
    ['[2001:db8::1]:5353', { address: '2001:db8::1', port: 5353 }],
  ])('is written %s', (text, server) => {
    expect(parseNameServer(text)).toEqual(server);
  });

  test.each(['192.0.2.1:0', '192.0.2.1:70000', 'ns.example', '192.0.2', ':53', '[::1', ''])('%s is none', (text) => {
    expect(() => parseNameServer(text)).toThrow('no IP address');
  });
});
