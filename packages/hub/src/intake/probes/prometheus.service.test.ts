import { afterAll, expect, test } from 'vitest';
import { startNodeExporter, startPrometheus } from '../../../../../test/services/prometheus.ts';
import { until } from '../../../../../test/services/until.ts';
import { openOutbound, probing } from './testing.ts';

const outbound = openOutbound();
const cleanUp: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
  outbound.close();
});

test('pages of the real node exporter and of Prometheus itself are read without a bad line', async () => {
  const [exporter, server] = await Promise.all([startNodeExporter(), startPrometheus()]);
  cleanUp.push(exporter.stop, server.stop);
  for (const url of [exporter.url, `${server.url}/metrics`]) {
    const { check } = probing(outbound, { kind: 'prometheus', url, maxSeries: 5000, timeout: '20s' });
    const outcome = await check();
    expect(outcome).toMatchObject({ status: 'up', heard: true });
    expect(outcome.refused?.bad_line).toBeUndefined();
    expect(outcome.samples?.length).toBeGreaterThan(50);
    expect(outcome.samples?.find(({ key }) => key === 'process_start_time_seconds')?.value).toBeGreaterThan(1e9);
  }
  const open = {
    kind: 'prometheus',
    url: `${server.url}/metrics`,
    headers: { accept: 'application/openmetrics-text;version=1.0.0' },
  };
  const { refused, samples } = await probing(outbound, { ...open, metrics: ['prometheus_*'], timeout: '20s' }).check();
  expect(refused?.bad_line).toBeUndefined();
  expect(samples?.every(({ key }) => key.startsWith('prometheus_'))).toBe(true);
});

test('queries to the real Prometheus become samples; one that is wrong leaves the others', async () => {
  const exporter = await startNodeExporter();
  cleanUp.push(exporter.stop);
  const server = await startPrometheus(new URL(exporter.url).host);
  cleanUp.push(server.stop);
  const queries = [
    { metric: 'scrapes.up', query: 'up' },
    { metric: 'answer', query: 'scalar(vector(42))', unit: 'ms' },
    { metric: 'nothing', query: 'no_such_metric' },
    { metric: 'not.finite', query: 'vector(1) / 0' },
  ];
  const good = probing(outbound, { kind: 'promql', url: server.url, queries, timeout: '20s' });
  const outcome = await until(
    async () => {
      const seen = await good.check();
      expect(seen.status).toBe('up');
      return (seen.samples ?? []).filter(({ key, value }) => key === 'scrapes.up' && value === 1).length === 2 && seen;
    },
    { timeoutMs: 40_000, everyMs: 250, what: 'both targets are scraped' },
  );
  expect(outcome.samples).toContainEqual({ key: 'answer', value: 42, unit: 'ms' });
  expect(outcome.samples?.find(({ tags }) => tags?.job === 'self')?.tags).toEqual({
    job: 'self',
    instance: new URL(server.url).host,
  });
  expect(outcome.refused).toEqual({ non_finite: 1 });
  const bad = [...queries, { metric: 'wrong', query: 'sum(' }];
  const partly = await probing(outbound, { kind: 'promql', url: server.url, queries: bad, timeout: '20s' }).check();
  expect(partly).toMatchObject({
    status: 'degraded',
    reason:
      '1 of 5 queries failed; the query for wrong was refused: it is no valid PromQL, or a parameter is wrong (bad_data, HTTP 400)',
  });
  expect(partly.samples).toContainEqual({ key: 'answer', value: 42, unit: 'ms' });
});
