import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { MeshStatus } from '@orrery/protocol';
import { type Clock, iso } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { createNats, type Nats } from '../../platform/nats.ts';
import type { WatchedProject } from '../compile.ts';
import type { Refusals } from '../refusals.ts';
import { createConsumer, type Taken } from './consume.ts';
import { ASKED, isAsked, namespaceOf, namespacesOf } from './namespaces.ts';
import { toCloudEvent } from './read.ts';
import { createStrangers, type Stranger } from './strangers.ts';
import { HUB } from './users.ts';

/** What came of a message to a project: the instance's own answer, or why there is none. */
export type MeshAnswer = { ok: true; status: number; body: string } | { ok: false; reason: string };

type MeshDeps = {
  clock: Clock;
  log: Log;
  /** `nats://…`; absent: projects are heard over HTTP alone. */
  url: string | undefined;
  /** Who this hub is among the clients of the server. */
  name: string;
  refusals: Refusals;
  /** Stores what projects sent, by project; answers which of them could be stored, in their order. */
  take(events: ReadonlyMap<string, readonly unknown[]>): Promise<ReadonlyMap<string, 'taken' | 'later' | 'bad'>>;
  /** Given in the hub of one project, which hears nobody: whom it speaks for, and how it answers what the meta hub asks of that one. */
  speaker?: {
    project(): WatchedProject;
    asked(headers: Headers, body: string): Promise<{ status: number; body: string }>;
  };
  /** Is told of presence in a namespace that no project has. */
  onStranger?(stranger: Stranger): void;
};

export type Mesh = ReturnType<typeof createMesh>;

/** How a hub and its projects talk over NATS. The server carries; what counts is what the hub has stored. */
export function createMesh(deps: MeshDeps) {
  const { clock, log, refusals } = deps;
  const strangers = createStrangers(clock);
  let known = namespacesOf([]);
  let projects: ReadonlyMap<string, WatchedProject> = new Map();
  let nats: Nats | undefined;
  let complained = '';
  let heard = 0;
  let answering = false;

  const consumer = createConsumer({ log, take });

  async function take(messages: Parameters<Parameters<typeof createConsumer>[0]['take']>[0]): Promise<Taken[]> {
    const bySlug = new Map<string, unknown[]>();
    const owners = messages.map((message) => {
      const owner = known.ownerOf(message.subject);
      const event = toCloudEvent({
        subject: message.subject,
        data: message.data,
        header: (name) => message.headers?.get(name) || undefined,
        place: () => `nats-${message.seq}-${message.timestampNanos}`,
      });
      if (owner && 'slug' in owner) {
        const events = bySlug.get(owner.slug);
        if (events) events.push(event);
        else bySlug.set(owner.slug, [event]);
        return owner.slug;
      }
      const stranger = strangers.note(owner?.stranger ?? message.subject, message.subject, event);
      if (stranger) deps.onStranger?.(stranger);
      return undefined;
    });
    const outcomes = bySlug.size > 0 ? await deps.take(bySlug) : new Map<string, Taken>();
    heard += messages.length;
    return owners.map((slug) => (slug === undefined ? 'taken' : (outcomes.get(slug) ?? 'later')));
  }

  return {
    enabled: deps.url !== undefined,

    /** Takes up the declared projects and their namespaces. */
    sync(declared: readonly WatchedProject[]): void {
      projects = new Map(declared.map((project) => [project.slug, project]));
      known = namespacesOf(declared);
      strangers.forget(isOwned);
      const complaint = known.conflicts.map(({ slug, reason }) => `${slug}: ${reason}`).join('; ');
      if (complaint !== '' && complaint !== complained && deps.url !== undefined)
        log.error({ conflicts: known.conflicts }, 'projects that the mesh does not hear: their namespaces clash');
      complained = complaint;
      if (nats) void consumer.listen(known.odd);
    },

    /** Begins to listen; the server may come later. */
    start(): void {
      if (deps.url === undefined || nats) return;
      const { speaker } = deps;
      const own = speaker?.project();
      nats = createNats({
        url: deps.url,
        name: deps.name,
        inboxPrefix: `_INBOX_${own?.slug ?? HUB}`,
        log,
        onConnected(connection) {
          if (!speaker || !own) void consumer.listen(known.odd).then(() => consumer.follow(connection));
          // The library subscribes again by itself after each loss of the connection.
          else if (!answering) answering = answerAsked(connection, own, speaker.asked);
        },
      });
    },

    /** The connection while it is there. */
    connection: () => (nats?.state().connected === true ? nats.connection() : undefined),

    async stop(): Promise<void> {
      if (!nats) return;
      await consumer.stop();
      await nats.close();
    },

    /**
     * Asks a project for something: `subject` is one of `audit.requested.security`, `graph.summary.requested` or `action.requested.<action>`,
     * without the namespace. The instance answers with the status and body that it would give over HTTP.
     */
    async publish(
      slug: string,
      subject: string,
      payload: string,
      headers: Readonly<Record<string, string>>,
      { timeoutMs = 5000 }: { timeoutMs?: number } = {},
    ): Promise<MeshAnswer> {
      const project = projects.get(slug);
      const connection = nats?.connection();
      if (!project) return { ok: false, reason: `there is no project "${slug}"` };
      if (!isAsked(subject)) return { ok: false, reason: `"${subject}" is no subject that a project is asked by` };
      if (!connection || !nats?.state().connected) return { ok: false, reason: 'the NATS server is away' };
      const { headers: makeHeaders } = await import('@nats-io/transport-node');
      const carried = makeHeaders();
      for (const [name, value] of Object.entries(headers)) carried.set(name, value);
      try {
        const answer = await connection.request(`${namespaceOf(project)}.${subject}`, payload, {
          headers: carried,
          timeout: timeoutMs,
        });
        const status = Number(answer.headers?.get('status') ?? '');
        if (!Number.isInteger(status) || status < 100 || status > 599)
          return { ok: false, reason: 'the answer has no status' };
        return { ok: true, status, body: answer.string() };
      } catch (error) {
        return { ok: false, reason: whyNot(error, timeoutMs) };
      }
    },

    async status(): Promise<MeshStatus> {
      const pending = nats ? await consumer.pending().catch(() => undefined) : undefined;
      return {
        transport: deps.url === undefined ? 'http' : 'nats',
        ...(nats ? { nats: nats.state() } : {}),
        heard,
        ...(pending === undefined ? {} : { pending }),
        refusals: refusals.list(),
        strangers: strangers.list().map(({ firstAt, lastAt, ...rest }) => ({
          ...rest,
          firstAt: iso(firstAt),
          lastAt: iso(lastAt),
        })),
        conflicts: [...known.conflicts],
      };
    },
  };

  function answerAsked(
    connection: NatsConnection,
    own: WatchedProject,
    asked: NonNullable<MeshDeps['speaker']>['asked'],
  ): true {
    const answer = async (message: Msg) => {
      const given = new Headers();
      for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature'])
        if (message.headers?.has(name)) given.set(name, message.headers.get(name));
      const { status, body } = await asked(given, message.string());
      const { headers: makeHeaders } = await import('@nats-io/transport-node');
      const headers = makeHeaders();
      headers.set('status', String(status));
      message.respond(body, { headers });
    };
    for (const subject of ASKED)
      connection.subscribe(`${namespaceOf(own)}.${subject}`, {
        queue: own.slug,
        callback: (error, message) => {
          if (error) log.warn({ err: error }, 'what the meta hub asks is not heard');
          else
            void answer(message).catch((failure: unknown) =>
              log.error({ err: failure }, 'what the meta hub asked was not answered'),
            );
        },
      });
    return true;
  }

  function isOwned(space: string): boolean {
    const owner = known.ownerOf(`${space}.hub.presence.x`);
    return owner !== undefined && 'slug' in owner;
  }
}

function whyNot(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'it could not be asked';
  const cause = error.cause instanceof Error ? error.cause : error;
  if (error.name === 'NoRespondersError' || cause.name === 'NoRespondersError') return 'nobody listens there';
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  return error.message;
}
