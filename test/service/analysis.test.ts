import type { Alert, AnalysisView, Insights, OpsEvent } from '@orrery/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { until } from '../services/until.ts';

/** The daily analysis on a running hub: a week of pushed samples, the scheduler's route, the alert that comes of it. */
const KEY = 'the-key-of-veria-32-bytes-or-more';
const SECRET = 'the-cron-secret-of-this-suite-32b';
const HOUR = 3_600_000;
let hub: RunningHub;

beforeAll(async () => {
  hub = await startHub({
    env: { CRON_SECRET: SECRET },
    yaml: `projects:
  - { slug: veria, name: Veria, hubUrl: http://127.0.0.1:9, apiKey: ${KEY} }
  - { slug: other, name: Other, hubUrl: http://127.0.0.1:9 }
`,
  });
  const now = Date.now();
  const samples = Array.from({ length: 6 * 24 }, (_, hour) => ({
    key: 'performance.latency_p95_ms',
    value: hour < 24 ? 900 : 300 + (hour % 3),
    unit: 'ms',
    at: new Date(now - (hour + 0.5) * HOUR).toISOString(),
  }));
  const event = {
    specversion: '1.0',
    id: 'week',
    source: 'veria',
    type: 'metrics.samples',
    data: { projectSlug: 'veria', samples },
  };
  const answer = await fetch(`${hub.url}/api/fed/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': KEY },
    body: JSON.stringify(event),
  });
  expect(answer.status, await answer.clone().text()).toBe(200);
});
afterAll(() => hub?.dispose());

const analyse = () =>
  createApi(hub.url, { authorization: `Bearer ${SECRET}` }).get<{ success: boolean; insights: Insights }>(
    '/api/cron/ai-analyze',
  );

test('the scheduler gets the insights, everybody else is refused', async () => {
  expect((await hub.api.read<AnalysisView>('/ops/analysis')).analysis).toBeNull();
  const { status, body } = await analyse();
  expect(status).toBe(200);
  expect(body.success).toBe(true);
  expect(body.insights.trends).toEqual([
    expect.objectContaining({
      site_key: 'veria',
      metric: 'performance.latency_p95_ms',
      now: 900,
      direction: 'up',
      meaning: 'worse',
      days: 5,
    }),
  ]);
  expect(body.insights.optimizations.map(({ site_key, type }) => [site_key, type])).toContainEqual([
    'other',
    'coverage',
  ]);
  for (const headers of [{}, { authorization: 'Bearer another-secret-that-is-long-en' }])
    expect((await createApi(hub.url, headers).get('/api/cron/ai-analyze')).status).toBe(401);
  expect((await hub.api.get('/api/cron/ai-analyze')).status).toBe(403);
});

test('what it found is kept, told as an event and becomes one alert, however often it is run', async () => {
  await Promise.all([analyse(), analyse(), analyse()]);
  const { analysis } = await hub.api.read<AnalysisView>('/ops/analysis');
  expect(analysis?.projects).toBe(2);
  expect(analysis?.insights.alerts).toHaveLength(1);
  const alerts = await until(
    async () => {
      const { items } = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=veria&status=open');
      const trends = items.filter(({ title }) => title.includes('latency_p95_ms'));
      return trends.length > 0 ? trends : undefined;
    },
    { timeoutMs: 20_000, what: 'the alert' },
  );
  expect(alerts).toHaveLength(1);
  expect(alerts[0]).toMatchObject({ severity: 'warning', category: 'performance', project: 'veria' });
  const { items } = await hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?limit=50');
  expect(items.some(({ type }) => type === 'analysis.finished')).toBe(true);
});

test('who may see one project gets the part about it alone', async () => {
  const made = await hub.api.post<{ key: string }>('/api/keys', {
    name: 'other',
    role: 'operator',
    projects: ['other'],
  });
  const narrow = createApi(hub.url, { 'x-api-key': made.body.key });
  const { analysis } = await narrow.read<AnalysisView>('/ops/analysis');
  expect(analysis?.projects).toBe(1);
  expect(JSON.stringify(analysis)).not.toContain('veria');
  expect((await narrow.post('/ops/analysis')).status).toBe(403);
});
