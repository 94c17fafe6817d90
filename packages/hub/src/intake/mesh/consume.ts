import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../../platform/log.ts';
import { streamSubjects } from './namespaces.ts';

export const STREAM = 'ORRERY_MESH';
export const DURABLE = 'orrery-meta';

const SECOND = 1_000_000_000;
const DAY = 86_400 * SECOND;
/** Unanswered messages that the server hands out at most; what is in memory is never more. */
const UNDER_WAY = 4000;
const PULL = 2000;
const BATCH = 2000;
const MAX_TRIES = 5;
const AGAIN_MS = 2000;
const REOPEN_MS = 1000;

/** What became of each message: `taken` is over for good, `later` comes again, `bad` cannot be stored and comes again a few times. */
export type Taken = 'taken' | 'later' | 'bad';

/**
 * Reads the stream of the mesh, message by message as they come, and answers for each only when it is stored. What the hub does not
 * answer for comes again; what comes twice is known by its id. The server never sends more than can be held.
 */
export function createConsumer(deps: {
  log: Log;
  /** Stores messages; one answer each, in their order. */
  take(messages: readonly JsMsg[]): Promise<Taken[]>;
}) {
  const { log, take } = deps;
  const waiting: JsMsg[] = [];
  let working: Promise<void> | undefined;
  let messages: ConsumerMessages | undefined;
  let opening: Promise<void> | undefined;
  let odd: readonly string[] = [];
  let current: NatsConnection | undefined;
  let stopped = false;
  let subjects = '';

  /** Makes stream and consumer what they should be; anything else about them is left as the operator has it. */
  async function ensure(connection: NatsConnection): Promise<void> {
    const { AckPolicy, DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } = await import(
      '@nats-io/jetstream'
    );
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const wanted = streamSubjects(odd);
    const known = await manager.streams.info(STREAM).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (!known)
      await manager.streams.add({
        name: STREAM,
        description: 'What projects tell the meta hub, until it has stored it.',
        subjects: wanted,
        retention: RetentionPolicy.Workqueue,
        storage: StorageType.File,
        // What was acknowledged to a project is never pushed out by another: a full stream refuses, and the sender keeps what it has.
        discard: DiscardPolicy.New,
        max_bytes: 1024 ** 3,
        max_msgs_per_subject: 20_000,
        discard_new_per_subject: true,
        max_msg_size: 1024 ** 2,
        max_age: 7 * DAY,
        duplicate_window: 120 * SECOND,
      });
    else if (known.config.subjects.toSorted().join() !== wanted.toSorted().join())
      await manager.streams.update(STREAM, { subjects: wanted });
    await manager.consumers.add(STREAM, {
      durable_name: DURABLE,
      ack_policy: AckPolicy.Explicit,
      ack_wait: 30 * SECOND,
      max_deliver: -1,
      max_ack_pending: UNDER_WAY,
    });
    subjects = wanted.join();
  }

  async function open(connection: NatsConnection): Promise<void> {
    await ensure(connection);
    if (stopped || messages) return;
    const { jetstream } = await import('@nats-io/jetstream');
    const consumer = await jetstream(connection).consumers.get(STREAM, DURABLE);
    const opened = await consumer.consume({
      max_messages: PULL,
      expires: 10_000,
      idle_heartbeat: 2000,
      abort_on_missing_resource: true,
      callback: hear,
    });
    messages = opened;
    void opened.closed().then((error: unknown) => {
      messages = undefined;
      if (stopped || connection.isClosed()) return;
      log.warn({ err: error instanceof Error ? error : undefined }, 'the stream of the mesh is opened again');
      again();
    });
  }

  function again(): void {
    setTimeout(() => {
      if (current && !stopped) void follow(current);
    }, REOPEN_MS).unref();
  }

  /** Opens the stream on a connection; one try at a time. */
  async function follow(connection: NatsConnection): Promise<void> {
    current = connection;
    opening ??= open(connection)
      .catch((error: unknown) => {
        if (stopped) return;
        log.warn({ err: error }, 'the stream of the mesh cannot be read yet');
        again();
      })
      .finally(() => {
        opening = undefined;
      });
    return opening;
  }

  function hear(message: JsMsg): void {
    waiting.push(message);
    working ??= work().finally(() => {
      working = undefined;
    });
  }

  async function work(): Promise<void> {
    // What has come meanwhile is stored together.
    await new Promise(setImmediate);
    while (waiting.length > 0 && !stopped) {
      const batch = waiting.splice(0, BATCH);
      let outcomes: Taken[];
      try {
        outcomes = await take(batch);
      } catch (error) {
        log.error({ err: error, messages: batch.length }, 'messages of the mesh could not be taken; they come again');
        outcomes = batch.map(() => 'later');
      }
      for (const [i, message] of batch.entries()) settle(message, outcomes[i] ?? 'later');
      if (outcomes.includes('later')) giveBack(AGAIN_MS);
      await new Promise(setImmediate);
    }
  }

  function settle(message: JsMsg, outcome: Taken): void {
    if (outcome === 'taken') message.ack();
    else if (outcome === 'bad' && message.info.deliveryCount >= MAX_TRIES) {
      log.error(
        { subject: message.subject, seq: message.seq },
        'a message of the mesh cannot be stored and is given up',
      );
      message.term();
    } else message.nak(AGAIN_MS);
  }

  /** The server keeps what cannot be stored now; here it would only fill the memory. */
  function giveBack(afterMs?: number): void {
    for (const message of waiting.splice(0)) message.nak(afterMs);
  }

  return {
    follow,
    /** Listens to these namespaces too. */
    async listen(next: readonly string[]): Promise<void> {
      odd = next;
      if (current && subjects !== '' && streamSubjects(odd).join() !== subjects && !current.isClosed())
        await ensure(current).catch((error: unknown) =>
          log.warn({ err: error }, 'the stream of the mesh does not keep all namespaces yet'),
        );
    },
    /** How many messages the server still holds for this hub. */
    async pending(): Promise<number | undefined> {
      if (!current || current.isClosed() || !messages) return undefined;
      const { jetstream } = await import('@nats-io/jetstream');
      const info = await (await jetstream(current).consumers.get(STREAM, DURABLE)).info();
      return info.num_pending + info.num_ack_pending;
    },
    /** Ends reading; what was not stored is given back at once. */
    async stop(): Promise<void> {
      stopped = true;
      messages?.stop();
      await working;
      giveBack();
      if (current && !current.isClosed()) await current.flush().catch(() => undefined);
    },
  };
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'StreamNotFoundError' || /stream not found/i.test(error.message));
