import { renameSync, writeFileSync } from 'node:fs';
import type { Alert, ConfigStatus, Delivery, OpsEvent, RuleTestResult, RuleView } from '@orrery/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { emptyFolder, orrery } from '../services/orrery.ts';
import { type Receiver, startReceiver } from '../services/receiver.ts';
import { until } from '../services/until.ts';

/** Rules whole, on a running hub: from the event door to the receiver, over a reload and a crash. */
let receiver: Receiver;
let hub: RunningHub;
const KEY = 'the-key-of-veria-32-bytes-or-more';
const yaml = (rules: string) => `projects:
  - { slug: veria, name: Veria, hubUrl: http://127.0.0.1:9, apiKey: ${KEY} }
network: { allowPrivate: true }
channels:
  - { name: ops, kind: webhook, url: "${receiver.url}" }
  - { name: bot, kind: template, url: "${receiver.url}/bot", body: '{"text": "{{subject}}", "to": {{{project.slug}}}}', severities: [info] }
rules:
${rules}`;
const FAILED = `  - name: deploy-failed
    on: event
    when: event.type == "deploy.finished" && event.data.status == "failed"
    effect: { kind: alert, severity: critical, title: "Deploy \${event.data.version} failed", resolveAfter: 5s }
`;
const TOLD = `  - { name: deploys, on: event, when: 'event.type == "deploy.finished"', effect: { kind: notify, channels: [bot], title: "\${event.title}" } }
  - { name: marks, on: event, when: 'event.type == "deploy.finished"', effect: { kind: event, type: deploy.seen, title: "seen \${event.data.version}" } }
`;
const COST = `  - name: ai-spend
    on: sample
    when: sample.key == "ai.cost_usd_24h" && sample.value > 50
    effect: { kind: alert, category: cost, title: "\${sample.value} USD in a day", resolveAfter: 1h }
`;

beforeAll(async () => {
  receiver = await startReceiver();
  hub = await startHub({ yaml: yaml(FAILED) });
});
afterAll(async () => {
  await hub?.dispose();
  await receiver?.close();
});

let sent = 0;
async function push(type: string, data: object): Promise<void> {
  const event = { specversion: '1.0', id: `e-${++sent}`, source: 'veria', type, data };
  const answer = await fetch(`${hub.url}/api/fed/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': KEY },
    body: JSON.stringify(event),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}
const deploy = (version: string, status = 'failed') =>
  push('events.deploy.finished', { version, status, title: `Deploy of ${version}` });
const alerts = async (status: string) =>
  (await hub.api.read<{ items: Alert[] }>(`/api/fed/alerts?project=veria&status=${status}`)).items.filter(
    ({ title }) => !title.includes('silent') && !title.includes('heard'),
  );
const told = () => receiver.taken().map(({ path, body }) => ({ path, said: JSON.parse(body) }));
const rewrite = (text: string) => {
  writeFileSync(`${hub.configFile}.new`, text);
  renameSync(`${hub.configFile}.new`, hub.configFile);
};

test('an event becomes an alert that is told, lasts while it is renewed, and ends by itself', async () => {
  await deploy('1.0', 'succeeded');
  await deploy('1.1');
  const [alert] = await until(async () => (await alerts('open')).length > 0 && alerts('open'), { what: 'the alert' });
  expect(alert).toMatchObject({ title: 'Deploy 1.1 failed', severity: 'critical', category: 'availability' });
  await until(() => told().some(({ said }) => said.type === 'alert.opened' && said.alert.id === alert?.id), {
    what: 'the notification',
  });
  const ended = await until(async () => (await alerts('resolved')).find(({ id }) => id === alert?.id), {
    timeoutMs: 30_000,
    what: 'its end',
  });
  expect(Date.parse(ended.resolvedAt ?? '') - Date.parse(ended.createdAt)).toBeGreaterThanOrEqual(5000);
});

test('a mistake in a rule keeps the rules that run, and says where it is', async () => {
  rewrite(yaml(`${FAILED}  - { name: wrong, on: event, when: event.typ == "x", effect: { kind: alert, title: t } }\n`));
  const { issues } = await until(
    async () => {
      const status = await hub.api.read<ConfigStatus>('/api/config/status');
      return status.issues.length > 0 && status;
    },
    { what: 'the refusal' },
  );
  expect(issues).toEqual([
    {
      line: 12,
      column: 37,
      field: 'rules[1].when',
      reason: 'No such key: typ; event has id, type, project, service, title, data, at (at character 7: "typ")',
    },
  ]);
});

test('rules are taken up when the file is saved; they tell channels and write events', async () => {
  rewrite(yaml(FAILED + TOLD + COST));
  await until(async () => (await hub.api.read<{ items: RuleView[] }>('/ops/rules')).items.length === 4, {
    what: 'four rules',
  });
  await deploy('2.0', 'succeeded');
  await until(() => told().some(({ path }) => path.endsWith('/bot')), { what: 'the notification' });
  expect(told().filter(({ path }) => path.endsWith('/bot'))).toMatchObject([
    { said: { text: '[info] veria: Deploy of 2.0', to: 'veria' } },
  ]);
  const { items } = await hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?type=deploy.seen');
  expect(items).toMatchObject([
    { project: 'veria', title: 'seen 2.0', data: { rule: 'marks', event: expect.any(String) } },
  ]);
  await push('metrics.samples', { projectSlug: 'veria', samples: [{ key: 'ai.cost_usd_24h', value: 71 }] });
  await until(async () => (await alerts('open')).some(({ title }) => title === '71 USD in a day'), {
    what: 'the cost',
  });
  const rules = (await hub.api.read<{ items: RuleView[] }>('/ops/rules')).items;
  expect(rules.map(({ name, matches, errors, declaredIn }) => [name, matches, errors, declaredIn])).toEqual([
    ['deploy-failed', 1, 0, 'orrery.yaml:8'],
    ['deploys', 1, 0, 'orrery.yaml:12'],
    ['marks', 1, 0, 'orrery.yaml:13'],
    ['ai-spend', 1, 0, 'orrery.yaml:14'],
  ]);
});

test('what happens right before a crash is acted on after it, once', async () => {
  await Promise.all(['3.0', '3.1', '3.2'].map((version) => deploy(version)));
  await hub.kill();
  hub = await startHub({ dataDir: hub.dataDir });
  await deploy('3.3', 'succeeded');
  // What was being sent in the crash waits for its lease; that it stands there to be sent is what counts here.
  const outbox = async () =>
    (await hub.api.read<{ items: Delivery[] }>('/api/channels/bot/deliveries')).items.map(({ title }) => title).sort();
  const versions = ['2.0', '3.0', '3.1', '3.2', '3.3'];
  await until(async () => (await outbox()).includes('Deploy of 3.3'), { timeoutMs: 20_000, what: 'the last deploy' });
  expect(await outbox()).toEqual(versions.map((version) => `Deploy of ${version}`));
  const seen = (await hub.api.read<{ items: OpsEvent[] }>('/ops/events/recent?type=deploy.seen')).items;
  expect(seen.map(({ title }) => title).sort()).toEqual(versions.map((version) => `seen ${version}`));
});

test('a rule is tried before it is declared, over HTTP and by the command', async () => {
  const rule = {
    name: 'new',
    on: 'event',
    when: 'event.data.n > 2',
    effect: { kind: 'alert', title: `n is \${event.data.n}` },
  };
  const event = { type: 'x', project: 'veria', data: { n: 3 } };
  const tried = async (body: object) => {
    const answer = await fetch(`${hub.url}/ops/rules/test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': hub.key },
      body: JSON.stringify(body),
    });
    return { status: answer.status, ...((await answer.json()) as RuleTestResult) };
  };
  expect(await tried({ rule, event })).toMatchObject({
    matched: true,
    effect: { kind: 'alert', project: 'veria', title: 'n is 3' },
  });
  expect(await tried({ rule, event: { ...event, data: { n: 'many' } } })).toMatchObject({
    matched: false,
    error: 'no such overload: dyn<string> > int',
  });
  expect(await tried({ rule: { ...rule, when: 'event.n' }, event })).toMatchObject({
    matched: false,
    problems: [{ field: 'when', from: 6, to: 7 }],
  });
  expect(await tried({ rule, sample: { project: 'veria', key: 'k', value: 1 } })).toMatchObject({
    matched: false,
    error: 'the rule is about an event, and none was given',
  });
  expect(await tried({ rule })).toMatchObject({ status: 400 });
  const cwd = emptyFolder();
  const args = ['--data', hub.dataDir];
  const list = await orrery(['rules', 'list', ...args], { cwd });
  expect(list.stdout).toMatch(/deploy-failed +event +alert/);
  const command = ['rules', 'test', 'deploy-failed', ...args, '--event'];
  const yes = await orrery(
    [...command, '{"type": "deploy.finished", "project": "veria", "data": {"status": "failed"}}'],
    { cwd },
  );
  expect([yes.code, yes.stdout]).toEqual([0, expect.stringContaining('title: Deploy ? failed')]);
  const no = await orrery([...command, '{"type": "deploy.finished", "data": {"status": "fine"}}'], { cwd });
  expect([no.code, no.stderr]).toEqual([1, expect.stringContaining('deploy-failed does not match')]);
});

test('the rules that come along are a file that a hub takes', async () => {
  const cwd = emptyFolder();
  const { stdout } = await orrery(['rules', 'examples'], { cwd });
  writeFileSync(`${cwd}/orrery.yaml`, stdout);
  expect((await orrery(['config', 'check'], { cwd })).code).toBe(0);
  const tried = await orrery(
    [
      'rules',
      'test',
      'ai-spend',
      '--config',
      'orrery.yaml',
      '--sample',
      '{"project": "veria", "key": "ai.cost_usd_24h", "value": 71}',
    ],
    { cwd },
  );
  expect([tried.code, tried.stdout]).toEqual([0, expect.stringContaining('veria spent 71 USD on AI in a day')]);
});
