import { expect, onTestFinished, test } from 'vitest';
import { startHub } from '../services/hub.ts';
import { startCollector } from '../services/otlp.ts';
import { until } from '../services/until.ts';

test('a hub tells a collector what it did for whom, and the last of it when it stops', async () => {
  const collector = await startCollector();
  onTestFinished(() => collector.stop());
  const hub = await startHub({
    yaml: 'projects:\n  - { slug: veria, name: Veria, hubUrl: "http://127.0.0.1:9", meshNs: veria.mesh, apiKey: key-of-veria-for-the-tracer }\nnetwork: { allowPrivate: true }\n',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-team=ops' },
  });
  onTestFinished(() => hub.dispose());
  await hub.api.read('/api/fed/projects');
  await hub.api.post('/api/fed/refresh', { projects: ['veria'] });
  await hub.api.get('/api/fed/projects/nobody');
  const pushed = await fetch(`${hub.url}/api/fed/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': 'key-of-veria-for-the-tracer' },
    body: JSON.stringify({
      ...{ specversion: '1.0', id: 'a1', source: 'urn:veria', type: 'veria.mesh.audit.summary.status' },
      data: { projectSlug: 'veria', ok: 4, warn: 0, fail: 1, lastRun: new Date().toISOString() },
    }),
  });
  expect(pushed.status).toBeLessThan(300);
  const metrics = await until(
    async () => {
      const { text } = await hub.api.get('/metrics');
      return /orrery_spans_total\{outcome="exported"\} [1-9]/.test(text) && text;
    },
    { timeoutMs: 20_000, everyMs: 200, what: 'a batch is exported' },
  );
  expect(metrics).toContain('orrery_spans_total{outcome="failed"} 0');
  const { code } = await hub.stop();
  expect(code).toBe(0);

  const named = (name: string) => collector.spans.filter((span) => span.name === name);
  expect(collector.headers()['x-team']).toBe('ops');
  expect(named('GET /api/fed/projects')[0]).toMatchObject({
    kind: 'SPAN_KIND_SERVER',
    attributes: { 'http.request.method': 'GET', 'http.route': '/api/fed/projects', 'http.response.status_code': 200 },
  });
  expect(named('GET /api/fed/projects/{slug}')[0]?.attributes).toMatchObject({ 'http.response.status_code': 404 });
  const refresh = named('POST /api/fed/refresh')[0];
  const verified = named('fed.verify.endpoint').filter((span) => span.traceId === refresh?.traceId);
  expect(verified.map((span) => span.attributes['fed.endpoint']).sort()).toEqual([
    'capabilities',
    'health',
    'logs',
    'metrics',
  ]);
  expect(verified[0]).toMatchObject({ attributes: { 'fed.project': 'veria' }, status: { code: 'STATUS_CODE_ERROR' } });
  expect(named('fed.aggregate.metrics')[0]?.attributes).toMatchObject({ 'fed.step': 'take in', 'fed.deliveries': 1 });
  expect(named('fed.catalog.update')[0]?.attributes).toMatchObject({ 'fed.projects': 1 });
});
