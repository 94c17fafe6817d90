import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OtlpCollector, startCollector } from '../../../../test/services/otlp.ts';
import { HubError } from './errors.ts';
import { silentLog } from './testing.ts';
import { createTracing, noTracing } from './tracing.ts';

const service = { name: 'orrery', version: '1.2.3', instance: 'test:1' };
let collector: OtlpCollector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.stop());

const named = (name: string) => collector.spans.find((span) => span.name === name);

describe('spans', () => {
  it('reach a real collector with what the work said of itself, one inside the other', async () => {
    const tracing = await createTracing({
      ...{ endpoint: `${collector.url}/`, headers: 'authorization=Basic%20c2VjcmV0, x-team=ops', service },
      log: silentLog,
    });
    const sum = await tracing.span('outer', { 'test.project': 'veria', absent: undefined }, async (outer) => {
      await new Promise((done) => setImmediate(done));
      const inner = tracing.span('inner', {}, () => 41, { kind: 'client' });
      outer.set({ 'test.tags': ['a', 'b'], 'test.count': 2, 'test.ok': true });
      outer.event('half way', { at: 1 });
      return inner + 1;
    });
    expect(sum).toBe(42);
    expect(() =>
      tracing.span('thrown', {}, () => {
        throw new HubError('conflict', 'the password is hunter2');
      }),
    ).toThrow('hunter2');
    await expect(tracing.span('rejected', {}, () => Promise.reject(new TypeError('hunter2')))).rejects.toThrow();
    tracing.span('refused', {}, (span) => span.fail('rate_limited'));
    await tracing.stop();

    expect(collector.resource()).toMatchObject({ 'service.name': 'orrery', 'service.instance.id': 'test:1' });
    expect(collector.headers()).toMatchObject({ authorization: 'Basic c2VjcmV0', 'x-team': 'ops' });
    expect(named('outer')).toMatchObject({
      attributes: { 'test.project': 'veria', 'test.tags': ['a', 'b'], 'test.count': 2, 'test.ok': true },
      events: [{ name: 'half way' }],
      status: { code: 'STATUS_CODE_UNSET' },
    });
    expect(named('outer')?.attributes).not.toHaveProperty('absent');
    expect(named('inner')).toMatchObject({
      parentSpanId: named('outer')?.spanId,
      traceId: named('outer')?.traceId,
      kind: 'SPAN_KIND_CLIENT',
    });
    for (const [name, type] of [
      ['thrown', 'conflict'],
      ['rejected', 'TypeError'],
      ['refused', 'rate_limited'],
    ] as const)
      expect(named(name)).toMatchObject({ attributes: { 'error.type': type }, status: { code: 'STATUS_CODE_ERROR' } });
    expect(JSON.stringify(collector.spans)).not.toContain('hunter2');
    expect(tracing.counts()).toEqual({ exported: 5, failed: 0 });
  });

  it('join the trace that a request says it is part of, and no broken one', async () => {
    const tracing = await createTracing({ endpoint: collector.url, service, log: silentLog });
    const trace = 'ab'.repeat(16);
    const from = (traceparent: string) => ({ parent: new Headers({ traceparent }) });
    tracing.span('joined', {}, () => undefined, from(`00-${trace}-${'cd'.repeat(8)}-00`));
    tracing.span('alone', {}, () => undefined, from(`00-${'00'.repeat(16)}-${'cd'.repeat(8)}-01`));
    tracing.span('odd', {}, () => undefined, from("00-' or 1=1"));
    await tracing.stop();
    expect(named('joined')).toMatchObject({ traceId: trace, parentSpanId: 'cd'.repeat(8) });
    expect(named('alone')?.parentSpanId ?? '').toBe('');
    expect(named('odd')?.parentSpanId ?? '').toBe('');
  });

  it('hold nobody up when the collector is away or never answers, and say so once', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const mute = createServer(() => undefined);
    await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done));
    const { port } = mute.address() as AddressInfo;
    const tracing = await createTracing({ endpoint: `http://127.0.0.1:${port}`, service, log });
    tracing.span('lost', {}, () => undefined);
    const began = performance.now();
    await tracing.stop();
    expect(performance.now() - began).toBeLessThan(10_000);
    mute.closeAllConnections();
    mute.close();
    const refused = await createTracing({ endpoint: `http://127.0.0.1:${port}`, service, log });
    refused.span('lost', {}, () => undefined);
    await refused.stop();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(3);
  });

  it('cost nothing when there is nowhere to send them', async () => {
    const tracing = await createTracing({ service, log: silentLog });
    expect(tracing).toBe(noTracing);
    const seven = tracing.span('work', {}, (span) => {
      span.set({ a: 1 });
      span.event('x');
      span.fail('y');
      return 7;
    });
    expect(seven).toBe(7);
  });
});
