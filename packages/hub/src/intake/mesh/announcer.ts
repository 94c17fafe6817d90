import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import type { EventReceipt, GraphEdge } from '@orrery/protocol';
import { type Clock, iso } from '../../platform/clock.ts';
import { HubError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { Outbound } from '../../platform/outbound.ts';
import type { WatchedProject } from '../compile.ts';
import {
  edgesOf,
  type Figures,
  healthOf,
  type Said,
  SUMMARY_FIGURES,
  SUMMARY_KINDS,
  summariesOf,
} from './announcement.ts';
import { namespaceOf } from './namespaces.ts';

export const ANNOUNCED = ['presence', 'health', 'summaries', 'integrations'] as const;
export type Announced = (typeof ANNOUNCED)[number];
/** What came of telling the meta hub. */
export type Announcement = {
  project: string;
  via: 'nats' | 'http';
  sent: number;
  refused: { field: string; reason: string }[];
  at: string;
};

export type AnnouncerDeps = {
  clock: Clock;
  log: Log;
  outbound: Pick<Outbound, 'request'>;
  /** How this hub is reached, and what it is. */
  self: { url: string; id: string; version: string };
  settings(): { project?: string | undefined; meta?: { url: string; key: string } | undefined; everyMs: number };
  /** The projects that this hub watches; it speaks for one of them. */
  projects(): readonly WatchedProject[];
  states(project: string): Promise<Parameters<typeof healthOf>[0]>;
  hubStatus(): Parameters<typeof healthOf>[1];
  said(kinds: readonly string[], project: string): Promise<{ kind: string; payload: unknown }[]>;
  figures(project: string, keys: readonly string[]): Promise<Figures>;
  edges(): Promise<readonly GraphEdge[]>;
  capabilities(project: string): Promise<readonly string[]>;
  /** The project's connection to the NATS server; undefined where there is none, or it is away. */
  connection(): NatsConnection | undefined;
  natsConfigured: boolean;
};

/** The half of a project's hub: it tells the meta hub who it is, how the project is, and what it knows of it. */
export function createAnnouncer(deps: AnnouncerDeps) {
  const { clock, log, outbound } = deps;
  let dueAt = 0;
  let last: Announcement | undefined;
  let lastError: string | undefined;

  /** The one project that this hub speaks for. */
  function speaker(): WatchedProject {
    const { project: named } = deps.settings();
    const projects = deps.projects();
    const [only, another] = projects;
    const found = named === undefined ? (another ? undefined : only) : projects.find(({ slug }) => slug === named);
    if (found) return found;
    const reason = named === undefined ? 'name one of them in mesh.project' : `there is no project "${named}"`;
    throw new HubError('conflict', `A hub of one project speaks for one of ${projects.length}: ${reason}.`);
  }

  async function sayings(project: WatchedProject, what: readonly Announced[]): Promise<Said[]> {
    const { slug } = project;
    const make: Record<Announced, () => Promise<Said[]>> = {
      presence: async () => [
        {
          subject: `hub.presence.${deps.self.id}`,
          data: {
            projectSlug: slug,
            meshNs: namespaceOf(project),
            hubUrl: deps.self.url,
            version: deps.self.version,
            tools: ['orrery'],
            capabilities: await deps.capabilities(slug),
            everyMs: deps.settings().everyMs,
          },
        },
      ],
      health: async () => [
        {
          subject: `hub.health.${deps.self.id}`,
          data: { projectSlug: slug, ...healthOf(await deps.states(slug), deps.hubStatus(), iso(clock.now())) },
        },
      ],
      summaries: async () =>
        summariesOf(slug, await deps.said(SUMMARY_KINDS, slug), await deps.figures(slug, SUMMARY_FIGURES)),
      integrations: async () => edgesOf(slug, await deps.edges()),
    };
    return (await Promise.all(what.map((one) => make[one]()))).flat();
  }

  async function announce(what: readonly Announced[] = ANNOUNCED, signal?: AbortSignal): Promise<Announcement> {
    const project = speaker();
    const events = (await sayings(project, what)).map(({ subject, data }) => ({
      specversion: '1.0',
      id: randomUUID(),
      source: deps.self.url,
      type: `${namespaceOf(project)}.${subject}`,
      time: iso(clock.now()),
      datacontenttype: 'application/json',
      data,
    }));
    try {
      const refused = events.length === 0 ? [] : await carry(events, signal);
      lastError = undefined;
      const via = deps.natsConfigured ? 'nats' : 'http';
      last = { project: project.slug, via, sent: events.length, refused, at: iso(clock.now()) };
      if (refused.length > 0)
        log.warn({ refused: refused.slice(0, 5) }, 'the meta hub refuses some of what it is told');
      return last;
    } catch (error) {
      lastError = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  type Event = { id: string; type: string; source: string; time: string; data: unknown };

  async function carry(events: readonly Event[], signal?: AbortSignal): Promise<Announcement['refused']> {
    if (deps.natsConfigured) return publish(events);
    const { meta } = deps.settings();
    if (!meta)
      throw new HubError('conflict', 'There is nobody to tell: give mesh.meta in orrery.yaml, or ORRERY_NATS_URL.');
    const answer = await outbound.request({
      url: `${meta.url.replace(/\/+$/, '')}/api/fed/events`,
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents-batch+json',
        accept: 'application/json',
        'x-api-key': meta.key,
      },
      body: JSON.stringify(events),
      timeoutMs: 10_000,
      ...(signal ? { signal } : {}),
    });
    if (answer.status >= 300)
      throw new HubError('unavailable', `The meta hub at ${meta.url} answered ${answer.status}.`);
    return (JSON.parse(answer.body.toString('utf8')) as EventReceipt).refused.map(({ field, reason }) => ({
      field,
      reason,
    }));
  }

  /** Resolves when JetStream has all of them. */
  async function publish(events: readonly Event[]): Promise<Announcement['refused']> {
    const connection = deps.connection();
    if (!connection) throw new HubError('unavailable', 'The NATS server is away.');
    const { headers: makeHeaders } = await import('@nats-io/transport-node');
    await Promise.all(
      events.map(async ({ id, type, source, time, data }) => {
        const headers = makeHeaders();
        for (const [name, value] of Object.entries({
          'Nats-Msg-Id': id,
          'ce-id': id,
          'ce-type': type,
          'ce-source': source,
          'ce-time': time,
        }))
          headers.set(name, value);
        const answer = await connection.request(type, JSON.stringify(data), { headers, timeout: 10_000 });
        const { error } = answer.json<{ error?: { description: string } }>();
        if (error) throw new HubError('unavailable', `JetStream refused ${type}: ${error.description}.`);
      }),
    );
    return [];
  }

  return {
    announce,
    speaker,
    /** Tells all of it when it is time: at once after the start, then at the interval, which varies by a third so that hubs do not speak in chorus. */
    async tick(signal?: AbortSignal): Promise<void> {
      if (clock.monotonic() < dueAt) return;
      const { everyMs } = deps.settings();
      dueAt = clock.monotonic() + everyMs * (2 / 3 + Math.random() * (2 / 3));
      try {
        await announce(ANNOUNCED, signal);
      } catch (error) {
        // A hub that is told late is told soon.
        dueAt = Math.min(dueAt, clock.monotonic() + 10_000);
        throw error;
      }
    },
    status: () => ({ ...(last ? { last } : {}), ...(lastError === undefined ? {} : { lastError }) }),
  };
}
