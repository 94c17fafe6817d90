import { readFileSync, writeFileSync } from 'node:fs';
import type { Alert, Forecast, ForecastDetail, Job } from '@orrery/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noise } from '../../packages/hub/src/detect/forecast/testing.ts';
import { createApi, type RunningHub, startHub } from '../services/hub.ts';
import { until } from '../services/until.ts';

/** Three weeks of a disk that fills, pushed to a running hub: its forecast, and the alert before the limit is reached. */
const KEY = 'the-key-of-shop-32-bytes-or-more-';
const HOUR = 3_600_000;
let hub: RunningHub;

beforeAll(async () => {
  hub = await startHub({
    yaml: `projects:
  - slug: shop
    name: Shop
    hubUrl: http://127.0.0.1:9
    apiKey: ${KEY}
    thresholds:
      - { metric: disk.used_percent, above: 90, severity: critical, recommendation: Make room. }
  - { slug: other, name: Other, hubUrl: http://127.0.0.1:9 }
`,
  });
  const now = Date.now();
  const samples = Array.from({ length: 21 * 24 }, (_, back) => ({
    key: 'disk.used_percent',
    value: 87 - 0.08 * back + 0.1 * noise(back),
    unit: '%',
    at: new Date(now - (back + 1) * HOUR).toISOString(),
  }));
  const answer = await fetch(`${hub.url}/api/fed/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': KEY },
    body: JSON.stringify({
      ...{ specversion: '1.0', id: 'weeks', source: 'shop', type: 'metrics.samples' },
      data: { projectSlug: 'shop', samples },
    }),
  });
  expect(answer.status, await answer.clone().text()).toBe(200);
});
afterAll(() => hub?.dispose());

test('stored samples become a forecast, and the forecast an alert before its limit is reached', async () => {
  // The job's first turn may come before the samples.
  await hub.api.post('/ops/jobs/forecast.run/restart');
  const [forecast] = await until(
    async () => {
      const { items } = await hub.api.read<{ items: Forecast[] }>('/api/forecasts?project=shop');
      return items[0]?.state === 'ready' ? items : undefined;
    },
    { timeoutMs: 30_000, what: 'the forecast' },
  );
  expect(forecast).toMatchObject({ metric: 'disk.used_percent', unit: '%', level: 0.9 });
  expect(forecast?.crossings[0]?.inHours).toBeGreaterThan(25);
  expect(forecast?.crossings[0]?.inHours).toBeLessThan(50);
  expect(forecast?.coverage).toBeGreaterThan(0.5);
  const detail = await hub.api.read<ForecastDetail>(`/api/forecasts/${forecast?.id}`);
  expect(detail.points).toHaveLength(72);
  const [alert] = await until(
    async () => {
      const { items } = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=shop&status=open');
      const said = items.filter(({ title }) => title.includes('will be above 90 %'));
      return said.length > 0 ? said : undefined;
    },
    { timeoutMs: 20_000, what: 'the alert' },
  );
  expect(alert).toMatchObject({ severity: 'warning', category: 'performance', recommendation: 'Make room.' });
  expect(alert?.title).toMatch(/^shop: disk\.used_percent will be above 90 % in about \d+ h$/);
  expect(alert?.description).toMatch(/Confidence \d+ %/);
  const { items: jobs } = await hub.api.read<{ items: Job[] }>('/ops/jobs');
  expect(jobs.find(({ name }) => name === 'forecast.run')).toMatchObject({ agent: 'Predictive' });
});

test('the alert ends by itself when the limit is out of reach', async () => {
  const before = readFileSync(hub.configFile, 'utf8');
  writeFileSync(hub.configFile, before.replace('above: 90', 'above: 99'));
  const ended = await until(
    async () => {
      const { items } = await hub.api.read<{ items: Alert[] }>('/api/fed/alerts?project=shop&status=resolved');
      return items.find(({ title }) => title.includes('will be above 90 %'));
    },
    { timeoutMs: 20_000, what: 'the end of the alert' },
  );
  expect(ended?.resolvedAt).toBeDefined();
});

test('who may see another project alone gets nothing of it', async () => {
  const made = await hub.api.post<{ key: string }>('/api/keys', {
    ...{ name: 'other', role: 'operator', projects: ['other'] },
  });
  const narrow = createApi(hub.url, { 'x-api-key': made.body.key });
  expect((await narrow.read<{ items: Forecast[] }>('/api/forecasts')).items).toEqual([]);
  const { items } = await hub.api.read<{ items: Forecast[] }>('/api/forecasts');
  expect((await narrow.get(`/api/forecasts/${items[0]?.id}`)).status).toBe(404);
});
