import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Alert, HealAttempt, OpsHealth } from '@orrery/protocol';
import { MOMENT_MS } from '../packages/hub/src/repair/guard.ts';
import { requirePrograms } from '../scripts/testing/programs.ts';
import { startOurs } from './tools/hub.ts';
import { freePort, run } from './tools/processes.ts';
import { figure } from './tools/report.ts';

/**
 * What a heal decision adds to an alert's path: from the alert in the database to the attempt that is written down, cause and guard
 * included, less the moment that the guard lets pass on purpose before it takes trouble for more than that. Beside it what an Alertmanager takes that waits for nothing, from an alert that it was sent to the webhook that would act.
 */
requirePrograms(['prometheus-alertmanager']);
const TIMES = 20;
const EVERY_MS = 1500;

const down = new Set<string>();
const called: number[] = [];
const world = createServer((request, response) => {
  const path = (request.url ?? '').slice(1);
  if (path === 'called') called.push(performance.now());
  request.resume().once('end', () => response.writeHead(down.has(path) ? 503 : 200).end('ok'));
});
world.listen(0, '127.0.0.1');
await once(world, 'listening');
const url = `http://127.0.0.1:${(world.address() as AddressInfo).port}`;
const names = Array.from({ length: TIMES }, (_, n) => `t${n}`);
const middle = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
const worst = (all: readonly number[]) => Math.round(Math.max(...all));

const hub =
  await startOurs(`repair: { enabled: true, perHour: 100, projectPerHour: 100, maxTargets: 100, maxSharePercent: 100 }
network: { allowPrivate: true }
projects:
  - slug: crowd
    name: Crowd
    hubUrl: ${url}
    services:
${names
  .map(
    (name) => `      - name: ${name}
        probes: [{ kind: http, url: "${url}/${name}", interval: 1s, timeout: 800ms, failAfter: 2 }]
        heal: [{ name: restart, mode: automatic, remedy: { kind: webhook, url: "${url}/remedy" } }]`,
  )
  .join('\n')}
`);
await wait(5000);
for (const name of names) {
  down.add(name);
  await wait(EVERY_MS);
}
await wait(5000);
const read = async <T>(path: string) => (await hub.api.read<{ items: T[] }>(path)).items;
const alerts = new Map((await read<Alert>('/api/fed/alerts?limit=200')).map(({ id, createdAt }) => [id, createdAt]));
const attempts = await read<HealAttempt>('/ops/autoheal?limit=200');
const since = new Map(
  (await hub.api.read<OpsHealth>('/ops/health')).services.map(({ service, since: at }) => [
    service,
    Date.parse(at ?? ''),
  ]),
);
await hub.dispose();
const whole = attempts.map(
  ({ trigger, createdAt }) => Date.parse(createdAt) - Date.parse(alerts.get(trigger.alertId) ?? ''),
);
const took = attempts.map(
  ({ trigger, target, createdAt }) =>
    Date.parse(createdAt) -
    Math.max(Date.parse(alerts.get(trigger.alertId) ?? ''), (since.get(target.service) ?? Number.NaN) + MOMENT_MS),
);

const dir = mkdtempSync(join(tmpdir(), 'orrery-bench-alertmanager-'));
writeFileSync(
  join(dir, 'alertmanager.yml'),
  `route: { receiver: act, group_by: ['...'], group_wait: 0s }\nreceivers: [{ name: act, webhook_configs: [{ url: "${url}/called" }] }]\n`,
);
const port = await freePort();
const peer = run('prometheus-alertmanager', [
  `--config.file=${join(dir, 'alertmanager.yml')}`,
  `--storage.path=${join(dir, 'data')}`,
  `--web.listen-address=127.0.0.1:${port}`,
  '--cluster.listen-address=',
  '--log.level=error',
]);
const ready = () =>
  fetch(`http://127.0.0.1:${port}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
for (let tries = 0; tries < 200 && !(await ready()); tries++) await wait(50);
const theirs: number[] = [];
for (const name of names) {
  const before = called.length;
  const sent = performance.now();
  await fetch(`http://127.0.0.1:${port}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels: { alertname: 'down', service: name } }]),
  });
  for (let tries = 0; tries < 1000 && called.length === before; tries++) await wait(2);
  theirs.push((called[before] ?? Number.NaN) - sent);
}
await peer.stop();
rmSync(dir, { recursive: true, force: true });
world.close();
world.closeAllConnections();
figure({
  what: 'heal decision, from the alert stored to the attempt written, p50',
  unit: 'ms',
  ours: middle(took),
  peer: { name: 'Alertmanager, alert received → webhook, group_wait 0 s', value: middle(theirs) },
  bar: { atMost: 100 },
  note: `${took.length} decisions, the slowest ${worst(took)} ms; with the moment of ${MOMENT_MS / 1000} s that the guard lets pass ${middle(whole)} ms; the slowest of Alertmanager ${worst(theirs)} ms`,
});
