import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll } from 'vitest';
import { type RunningHub, startHub } from '../services/hub.ts';
import { type NatsService, startNats } from '../services/nats.ts';
import { until } from '../services/until.ts';
import { CONTRACT_PROJECTS, keyOf, meshContract, publish, yamlOf } from './mesh.contract.ts';

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
