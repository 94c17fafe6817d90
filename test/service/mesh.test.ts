import { writeFileSync } from 'node:fs';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { FedProject, MeshStatus } from '@orrery/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { type NatsService, startNats } from '../services/nats.ts';
import { until } from '../services/until.ts';
import { CONTRACT_PROJECTS, keyOf, meshContract, presence, projectOf, publish, yamlOf } from './mesh.contract.ts';

let nats: NatsService;
let hub: RunningHub;
let connection: NatsConnection;
const needed = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('it did not start');
  return value;
};

beforeAll(async () => {
  nats = await startNats();
  hub = await startHub({ yaml: yamlOf(CONTRACT_PROJECTS), env: { ORRERY_NATS_URL: nats.url } });
  connection = await connect({ servers: nats.url });
  await until(async () => (await hub.api.read<{ pending?: number }>('/api/fed/mesh')).pending !== undefined, {
    what: 'the hub listens',
  });
});
afterAll(async () => {
  await connection?.close();
  await hub?.dispose();
  await nats?.stop();
});

meshContract('NATS', () => ({
  hub: needed(hub),
  async send(project, messages, namespace = `${project}.mesh`) {
    // One after another, as one connection of a product sends.
    for (const message of messages) await publish(connection, namespace, message);
  },
}));

meshContract('HTTP', () => ({
  hub: needed(hub),
  async send(project, messages, namespace = `${project}.mesh`) {
    const events = messages.map(({ subject, data, id, time }, i) => ({
      specversion: '1.0',
      id: id ?? `${project}-${subject}-${i}-${Math.random()}`,
      source: 'http://127.0.0.1:9',
      type: `${namespace}.${subject}`,
      time: time ?? new Date().toISOString(),
      data,
    }));
    const answer = await fetch(`${hub.url}/api/fed/events`, {
      method: 'POST',
      headers: { 'x-api-key': keyOf(project), 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify(events),
    });
    if (answer.status >= 300) throw new Error(`${answer.status} ${await answer.text()}`);
  },
}));

test('a stranger is counted and shown, nothing of it is kept, and it is added only where the operator wants that', async () => {
  const say = (slug: string, meshNs = `${slug}.mesh`) =>
    publish(connection, meshNs, { subject: 'hub.presence.h1', data: presence(slug, '1.0.0', meshNs) });
  const known = async () => (await hub.api.read<FedProject[]>('/api/fed/projects')).map(({ slug }) => slug);
  await say('stranger');
  await publish(connection, 'odd.mesh', { subject: 'audit.summary.status', data: { projectSlug: 'p1' } });
  const { strangers } = await until(
    async () => {
      const status = await hub.api.read<MeshStatus>('/api/fed/mesh');
      return status.strangers.length >= 2 ? status : undefined;
    },
    { what: 'both are shown' },
  );
  expect(strangers).toContainEqual(expect.objectContaining({ meshNs: 'stranger.mesh', slug: 'stranger', messages: 1 }));
  expect(strangers.find(({ meshNs }) => meshNs === 'odd.mesh')).not.toHaveProperty('slug');
  expect(await known()).not.toContain('stranger');

  writeFileSync(hub.configFile, yamlOf(CONTRACT_PROJECTS, 'mesh: { discover: true }\n'));
  await until(
    async () => {
      await say('newcomer');
      await say('imposter', 'somebody.mesh');
      return (await known()).includes('newcomer');
    },
    { what: 'the newcomer is added', everyMs: 200, timeoutMs: 20_000 },
  );
  expect(await projectOf(hub, 'newcomer')).toMatchObject({ declaredIn: { source: 'discovered' } });
  expect(await known()).not.toContain('imposter');
  await until(
    async () => {
      await say('newcomer');
      return (await projectOf(hub, 'newcomer')).version === '1.0.0';
    },
    { what: 'it is heard like any other', everyMs: 200 },
  );
});

test.each(['after it was there', 'from the start'])(
  'a hub whose NATS server is away %s stops all the same',
  async (since) => {
    const own = await startNats();
    if (since === 'from the start') await own.kill();
    const alone = await startHub({ yaml: yamlOf(CONTRACT_PROJECTS), env: { ORRERY_NATS_URL: own.url } });
    try {
      const connected = async () => (await alone.api.read<MeshStatus>('/api/fed/mesh')).nats?.connected === true;
      if (since === 'after it was there') {
        await until(connected, { what: 'the hub is connected' });
        await own.kill();
      }
      await until(async () => !(await connected()), { what: 'the hub knows that it is away' });
      expect(await alone.stop()).toMatchObject({ code: 0 });
    } finally {
      await alone.dispose();
      await own.stop();
    }
  },
);
