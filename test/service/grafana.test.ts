import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { DASHBOARDS, toJson } from '../../deploy/grafana/dashboards.ts';
import { startHub } from '../services/hub.ts';
import { startPrometheusWith } from '../services/prometheus.ts';
import { until } from '../services/until.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
const read = (path: string) => readFileSync(DEPLOY + path, 'utf8');

type Panel = { title: string; panels?: Panel[]; targets?: { expr: string }[]; gridPos: { w: number } };
type Answer = {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
};
/** What a project that has just begun cannot have yet. */
const MAY_BE_EMPTY = new Set(['Risk factors, mean']);

test.each(Object.keys(DASHBOARDS))('%s is what its source says: run node deploy/grafana/build.ts', (name) => {
  expect(read(`grafana/dashboards/${name}`)).toBe(toJson((DASHBOARDS[name] as () => never)()));
});

test('the alert rules hold what they promise, as promtool judges', () => {
  const output = execFileSync('promtool', ['test', 'rules', 'alerts.test.yml'], {
    cwd: `${DEPLOY}prometheus`,
    encoding: 'utf8',
  });
  expect(output).toContain('SUCCESS');
});

test('every panel has something to show of a real hub, scraped by a real Prometheus with the files of deploy/', async () => {
  const hub = await startHub({
    yaml: `projects:
  - { slug: veria, name: Veria, hubUrl: "http://127.0.0.1:9", meshNs: veria.mesh, apiKey: key-of-veria-for-the-dashboards }
  - { slug: performia, name: Performia, hubUrl: "http://127.0.0.1:9", dependsOn: [veria], services: [{ name: api, probes: [{ kind: http, url: "http://127.0.0.1:9/", interval: 1s }] }] }
network: { allowPrivate: true }
`,
  });
  onTestFinished(() => hub.dispose());
  const now = new Date().toISOString();
  const summary = (type: string, data: object) => ({
    specversion: '1.0',
    id: type,
    source: 'urn:veria',
    type: `veria.mesh.${type}`,
    data: { projectSlug: 'veria', ...data },
  });
  for (const event of [
    summary('audit.summary.status', { ok: 40, warn: 2, fail: 3, lastRun: now }),
    summary('security.summary.status', { vulnsCritical: 1, vulnsHigh: 4, lastScan: now }),
  ]) {
    const answer = await fetch(`${hub.url}/api/fed/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': 'key-of-veria-for-the-dashboards' },
      body: JSON.stringify(event),
    });
    expect(answer.status).toBeLessThan(300);
  }
  const prometheus = await startPrometheusWith({
    'prometheus.yml': read('prometheus/prometheus.yml')
      .replace('15s', '1s')
      .replace('127.0.0.1:5400', new URL(hub.url).host),
    'alerts.yml': read('prometheus/alerts.yml'),
    'orrery.key': hub.key,
  });
  onTestFinished(() => prometheus.stop());
  const ask = async (expr: string): Promise<Answer> =>
    (await (await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(expr)}`)).json()) as Answer;
  // Rates need two scrapes, and what a summary brought is there from the first.
  await until(async () => Number((await ask('count_over_time(orrery_leading[1m])')).data.result[0]?.value[1]) >= 3, {
    timeoutMs: 40_000,
    everyMs: 200,
    what: 'three scrapes of the hub',
  });
  await until(
    async () => (await ask('orrery_project_last_sweep_timestamp_seconds{kind="security"}')).data.result.length > 0,
    {
      timeoutMs: 20_000,
      what: 'the summaries are on /metrics',
    },
  );
  const panels = Object.keys(DASHBOARDS).flatMap((name) => {
    const { panels: all } = JSON.parse(read(`grafana/dashboards/${name}`)) as { panels: Panel[] };
    return all.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  });
  const wrong: string[] = [];
  let asked = 0;
  for (const { title, targets = [] } of panels)
    for (const { expr } of targets) {
      asked++;
      const answer = await ask(expr.replaceAll('$__rate_interval', '30s').replaceAll('$project', '.*'));
      if (answer.status !== 'success') wrong.push(`${title}: ${answer.error}`);
      else if (answer.data.result.length === 0 && !MAY_BE_EMPTY.has(title)) wrong.push(`${title}: nothing for ${expr}`);
    }
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(25);
  const value = async (expr: string) => Number((await ask(expr)).data.result[0]?.value[1]);
  expect(await value('orrery_project_audits_failed{project="veria"}')).toBe(3);
  expect(await value('orrery_project_vulnerabilities_critical{project="veria"}')).toBe(1);
  expect(await value('orrery_project_up{project="performia"}')).toBe(0);
  expect(
    await value('time() - orrery_project_last_sweep_timestamp_seconds{project="veria",kind="security"}'),
  ).toBeLessThan(120);
});
