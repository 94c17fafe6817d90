import type { Producer } from '@platformatic/kafka';
import type { Generated } from 'kysely';
import type { Clock } from './clock.ts';
import type { Db } from './db.ts';
import type { Log } from './log.ts';

export type KafkaMessage = { topic: string; key?: string; value: string };
export type Kafka = {
  /** Whether brokers are named. Nothing is kept for them otherwise. */
  readonly enabled: boolean;
  /** Hands messages over inside the caller's transaction: they are sent if, and only if, it commits. */
  hand(trx: Db, messages: readonly KafkaMessage[]): Promise<void>;
  /** Sends what waits, those of one key in the order in which they were handed over, until nothing does or the brokers are away. At least once: a consumer knows a repeat by the id inside. */
  deliver(signal?: AbortSignal): Promise<void>;
  /** How many messages wait. */
  waiting(): Promise<number>;
  close(): Promise<void>;
};

type Tables = {
  kafka_outbox: { seq: Generated<number>; topic: string; key: string | null; value: string; at: number };
};
type StringProducer = Producer<string, string, string, string>;

/** As many as a broker takes at once without a second thought: a thousand records of some 600 bytes. */
const GROUP = 1000;
const GROUP_BYTES = 512 * 1024;
const TIMEOUT_MS = 5000;
/** How long brokers that are away are left alone; they are asked again soon after they are back. */
const PAUSE_MS = { first: 1000, longest: 15_000 };

/**
 * The way to Kafka. Whoever has something to tell writes it into a table with its own change, and a job carries it on: brokers that are
 * away for hours cost nobody a request and lose nothing.
 */
export function createKafka(deps: { db: Db; clock: Clock; log: Log; brokers?: readonly string[] | undefined }): Kafka {
  const { db, clock, log } = deps;
  const brokers = deps.brokers ?? [];
  const enabled = brokers.length > 0;
  const tables = db.withTables<Tables>();
  let producer: StringProducer | undefined;
  let failures = 0;
  let notBefore = 0;

  async function open(): Promise<StringProducer> {
    // Read when it is first needed: most hubs have no brokers.
    const kafka = await import('@platformatic/kafka');
    producer ??= new kafka.Producer({
      clientId: 'orrery',
      bootstrapBrokers: [...brokers],
      serializers: kafka.stringSerializers,
      acks: kafka.ProduceAcks.ALL,
      autocreateTopics: true,
      timeout: TIMEOUT_MS,
      connectTimeout: TIMEOUT_MS,
      // What fails is tried again from the table, after a pause that grows.
      retries: 1,
      retryDelay: 200,
    });
    return producer;
  }

  /** The next messages, no more bytes than one request should have. */
  async function next() {
    const rows = await tables.selectFrom('kafka_outbox').selectAll().orderBy('seq').limit(GROUP).execute();
    let bytes = 0;
    return rows.filter(({ value }, i) => {
      bytes += value.length;
      return bytes <= GROUP_BYTES || i === 0;
    });
  }

  async function send(rows: Awaited<ReturnType<typeof next>>, signal?: AbortSignal): Promise<void> {
    const sending = (await open()).send({
      messages: rows.map(({ topic, key, value, at }) => ({
        topic,
        value,
        ...(key === null ? {} : { key }),
        timestamp: BigInt(at),
      })),
    });
    const cut = Promise.withResolvers<never>();
    const stop = () => cut.reject(new Error('the hub is stopping'));
    // The library's own time-outs hold for one request; several follow one another here.
    const patience = setTimeout(() => cut.reject(new Error('no acknowledgement in time')), 4 * TIMEOUT_MS);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([sending, cut.promise]);
    } finally {
      clearTimeout(patience);
      signal?.removeEventListener('abort', stop);
      sending.catch(() => undefined);
    }
  }

  async function drop(): Promise<void> {
    const gone = producer;
    producer = undefined;
    await gone?.close(true).catch(() => undefined);
  }

  return {
    enabled,
    async hand(trx, messages) {
      if (!enabled || messages.length === 0) return;
      const at = clock.now();
      const rows = messages.map(({ topic, key, value }) => ({ topic, key: key ?? null, value, at }));
      for (let i = 0; i < rows.length; i += 500)
        await trx
          .withTables<Tables>()
          .insertInto('kafka_outbox')
          .values(rows.slice(i, i + 500))
          .execute();
    },
    async deliver(signal) {
      if (!enabled || clock.monotonic() < notBefore) return;
      for (let rows = await next(); rows.length > 0 && !signal?.aborted; rows = await next()) {
        try {
          await send(rows, signal);
        } catch (error) {
          if (signal?.aborted) return;
          if (failures === 0) log.warn({ err: error }, 'Kafka cannot be reached; what is for it waits in the database');
          notBefore = clock.monotonic() + Math.min(PAUSE_MS.first * 2 ** failures, PAUSE_MS.longest);
          failures += 1;
          // A connection that broke is not always noticed by those who hold it.
          return drop();
        }
        if (failures > 0) log.info('Kafka takes messages again');
        failures = 0;
        const last = rows.at(-1)?.seq ?? 0;
        const seqs = rows.map(({ seq }) => seq);
        await tables.deleteFrom('kafka_outbox').where('seq', '<=', last).where('seq', 'in', seqs).execute();
      }
    },
    async waiting() {
      const row = await tables
        .selectFrom('kafka_outbox')
        .select((eb) => eb.fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },
    close: drop,
  };
}
