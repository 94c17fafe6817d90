import { headers as makeHeaders, type NatsConnection } from '@nats-io/transport-node';
import type { FedProject, MeshStatus } from '@orrery/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RunningHub } from '../services/hub.ts';
import { until } from '../services/until.ts';

/** What a product sends, whatever carries it. */
export type Sent = { subject: string; data: unknown; id?: string; time?: string };
/** One way from products to a hub. */
export type Carrier = {
  hub: RunningHub;
  /** Sends as one project in any namespace; resolves when the other side has taken it over (or refused it). */
  send(project: string, messages: readonly Sent[], namespace?: string): Promise<void>;
};

let count = 0;
/** A project of its own for each test and each of its tries. */
const SLUGS = Array.from({ length: 40 }, (_, i) => `p${i}`);
export const CONTRACT_PROJECTS = [...SLUGS, 'other'];
const HOUR = 3_600_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

export const keyOf = (slug: string) => `key-of-the-project-${slug}`;

export const yamlOf = (slugs: readonly string[], more = '') =>
  `network: { allowPrivate: true }\n${more}projects:\n${slugs
    .map(
      (slug) => `  - { slug: ${slug}, name: ${slug}, hubUrl: "http://127.0.0.1:9/${slug}", apiKey: ${keyOf(slug)} }\n`,
    )
    .join('')}`;

export const presence = (slug: string, version = '1.0.0', meshNs = `${slug}.mesh`) => ({
  projectSlug: slug,
  meshNs,
  hubUrl: `http://127.0.0.1:9/${slug}`,
  version,
  tools: [],
  capabilities: [],
});
export const audit = (slug: string, ok: number) => ({
  projectSlug: slug,
  ok,
  warn: 1,
  fail: 0,
  lastRun: ago(HOUR),
});

export const projectOf = async (hub: RunningHub, slug: string): Promise<FedProject> => {
  const found = (await hub.api.read<FedProject[]>('/api/fed/projects')).find((project) => project.slug === slug);
  if (!found) throw new Error(`no project ${slug}`);
  return found;
};
export const refusalsOf = async (hub: RunningHub, slug: string): Promise<Record<string, number>> => {
  const { refusals } = await hub.api.read<MeshStatus>('/api/fed/mesh');
  return Object.fromEntries(refusals.filter(({ project }) => project === slug).map((one) => [one.reason, one.count]));
};
export const kpisOf = async (hub: RunningHub, slug: string) => (await projectOf(hub, slug)).kpis;

/** Publishes as a product does: its subject under a namespace, the CloudEvents attributes in headers; resolves with JetStream's acknowledgement. */
export async function publish(
  connection: NatsConnection,
  ns: string,
  { subject, data, id, time }: Sent,
): Promise<void> {
  const headers = makeHeaders();
  if (id !== undefined) for (const name of ['Nats-Msg-Id', 'ce-id']) headers.set(name, id);
  headers.set('ce-time', time ?? new Date().toISOString());
  headers.set('ce-type', `${ns}.${subject}`);
  headers.set('ce-source', 'http://127.0.0.1:9');
  const answer = await connection.request(`${ns}.${subject}`, JSON.stringify(data), { headers, timeout: 10_000 });
  const { error } = answer.json<{ error?: { description: string } }>();
  if (error) throw new Error(error.description);
}

/** What every carrier must do, as sentences; each with a project of its own. */
export function meshContract(name: string, carrier: () => Carrier): void {
  const mine = () => {
    const slug = SLUGS[count++ % SLUGS.length] as string;
    const { hub, send } = carrier();
    onTestFinished((context) => {
      if (context.task.result?.state === 'fail') console.error(hub.stderr().slice(-3000));
    });
    return { slug, hub, send };
  };

  describe(`the mesh over ${name}`, () => {
    test('presence, health and summaries become what the API says of the project', async () => {
      const { slug, hub, send } = mine();
      const now = ago(0);
      await send(slug, [
        { subject: 'hub.presence.h1', data: presence(slug, '2.4.1') },
        { subject: 'hub.health.h1', data: { status: 'healthy', latencyMs: 12, degradedReasons: [], sampleAt: now } },
        { subject: 'audit.summary.status', data: audit(slug, 41) },
        {
          subject: 'security.summary.status',
          data: { projectSlug: slug, vulnsCritical: 0, vulnsHigh: 2, lastScan: now },
        },
        {
          subject: 'deploy.summary.status',
          data: { projectSlug: slug, envs: ['prod'], versions: ['2.4.1'], lastDeployedAt: ago(48 * HOUR) },
        },
        {
          subject: 'graph.summary.nodes',
          data: { projectSlug: slug, counts: { files: 1, symbols: 2, tasks: 3, audits: 4 }, ts: now },
        },
        { subject: 'metrics.samples', data: { projectSlug: slug, samples: [{ key: 'queue.depth', value: 7 }] } },
        { subject: 'integration.edge', data: { fromProject: slug, toProject: 'other', kind: 'queue', strength: 0.5 } },
        { subject: 'events.lead.created', data: { title: `a lead of ${slug}` }, id: `lead-${slug}` },
      ]);
      const project = await until(
        async () => {
          const found = await projectOf(hub, slug);
          return found.kpis.deployFreshnessDays !== null && found.version !== undefined ? found : undefined;
        },
        { what: 'the project is shown' },
      );
      expect(project).toMatchObject({ status: 'online', version: '2.4.1' });
      expect(project.kpis).toMatchObject({
        auditsOk: 41,
        auditsWarn: 1,
        auditsFail: 0,
        deployFreshnessDays: 2,
        healthLatencyMs: 12,
      });
      const { edges } = await hub.api.read<{ edges: { from: string; to: string; kind: string }[] }>('/api/fed/graph');
      expect(edges).toContainEqual(expect.objectContaining({ from: slug, to: 'other', kind: 'queue' }));
      const { items } = await hub.api.read<{ items: { id: string; type: string }[] }>(
        `/ops/events/recent?project=${slug}`,
      );
      expect(items.map(({ type }) => type)).toContain('lead.created');
      const { series } = await hub.api.read<{ series: { key: string }[] }>(`/api/fed/metrics/${slug}?key=queue.depth`);
      expect(series).toHaveLength(1);
      expect(await refusalsOf(hub, slug)).toEqual({});
    });

    test('a message that comes twice counts once, and an older one changes nothing', async () => {
      const { slug, hub, send } = mine();
      const newest = { subject: 'audit.summary.status', data: audit(slug, 9), id: `${slug}-b`, time: ago(60_000) };
      const older = { subject: 'audit.summary.status', data: audit(slug, 5), id: `${slug}-a`, time: ago(600_000) };
      const replayed = { subject: 'audit.summary.status', data: audit(slug, 1), id: `${slug}-c`, time: ago(24 * HOUR) };
      await send(slug, [
        newest,
        { subject: 'hub.presence.h1', data: presence(slug, '2.0.0'), id: `${slug}-p2`, time: ago(1000) },
      ]);
      await until(async () => (await projectOf(hub, slug)).version === '2.0.0', { what: 'the first ones count' });
      await send(slug, [
        { subject: 'hub.presence.h1', data: presence(slug, '1.0.0'), id: `${slug}-p1`, time: ago(5000) },
        newest,
        older,
        replayed,
        older,
        { subject: 'metrics.samples', data: { projectSlug: slug, samples: [{ key: 'end', value: 1 }] } },
      ]);
      await until(
        async () => (await hub.api.read<{ series: unknown[] }>(`/api/fed/metrics/${slug}?key=end`)).series.length === 1,
        { what: 'all of them are taken in' },
      );
      expect(await projectOf(hub, slug)).toMatchObject({ version: '2.0.0', kpis: { auditsOk: 9 } });
    });

    test('a project that speaks for another is refused and counted, and changes nothing there', async () => {
      const { slug, hub, send } = mine();
      const before = await projectOf(hub, 'other');
      await send(slug, [
        { subject: 'hub.presence.h1', data: presence('other', '6.6.6', `${slug}.mesh`) },
        { subject: 'hub.presence.h1', data: presence(slug, '6.6.6', 'other.mesh') },
        { subject: 'audit.summary.status', data: audit('other', 666) },
        { subject: 'integration.edge', data: { fromProject: 'other', toProject: slug, kind: 'api', strength: 1 } },
        { subject: 'events.lead.created', data: { projectSlug: 'other' } },
      ]);
      await until(async () => (await refusalsOf(hub, slug)).event_project === 4, { what: 'four lies are counted' });
      expect(await refusalsOf(hub, slug)).toEqual({ event_project: 4, event_namespace: 1 });
      expect(await projectOf(hub, 'other')).toEqual(before);
    });

    test('what is malformed, too large or stale is refused by its reason', async () => {
      const { slug, hub, send } = mine();
      await send(slug, [
        { subject: 'audit.summary.status', data: { projectSlug: slug, ok: -1, warn: 0, fail: 0, lastRun: ago(0) } },
        { subject: 'audit.summary.status', data: 'nonsense' },
        { subject: 'events.big', data: { text: 'x'.repeat(300_000) } },
        { subject: 'events.deep', data: JSON.parse(`${'['.repeat(60)}${']'.repeat(60)}`) },
        { subject: 'audit.summary.status', data: audit(slug, 3), time: ago(8 * 24 * HOUR), id: `${slug}-old` },
      ]);
      await until(async () => (await refusalsOf(hub, slug)).event_stale === 1, { what: 'the last one is counted' });
      expect(await refusalsOf(hub, slug)).toEqual({ event_payload: 2, event_size: 2, event_stale: 1 });
      expect((await kpisOf(hub, slug)).auditsOk).toBeNull();
    });

    test('a version of a message that the hub does not know is kept as it came; unknown fields of a known one do no harm', async () => {
      const { slug, hub, send } = mine();
      await send(slug, [
        { subject: 'audit.summary.status.v2', data: { projectSlug: slug, grades: { a: 3 } }, id: `${slug}-v2` },
        { subject: 'audit.summary.status', data: { ...audit(slug, 8), grades: { a: 3 } } },
      ]);
      await until(async () => (await kpisOf(hub, slug)).auditsOk === 8, { what: 'the known one counts' });
      const { items } = await hub.api.read<{ items: { id: string; type: string; data: unknown }[] }>(
        `/ops/events/recent?project=${slug}`,
      );
      expect(items.find(({ type }) => type === 'mesh.unknown_version')).toMatchObject({
        id: `${slug}-v2`,
        data: { subject: 'audit.summary.status.v2', payload: { projectSlug: slug, grades: { a: 3 } } },
      });
    });
  });
}
