import { setTimeout as pause } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { connect, headers as makeHeaders } from '@nats-io/transport-node';
import type { CloudEvent } from '@orrery/protocol';
import type { HubLink, OpenLink, Outcome } from './link.ts';
import type { Sealed } from './outbox.ts';

export type NatsOptions = {
  /** `nats://user:password@host:4222` or `tls://…`, as `orrery mesh config` gives it out for this project. */
  url: string | undefined;
};

/** What the hub may ask of a project, after its namespace. */
const ASKED = ['audit.requested.*', 'graph.summary.requested', 'action.requested.>'];
const AT_ONCE = 64;

/**
 * The way to the hub by NATS: what this product sends waits in JetStream while the hub is away, and what the hub asks comes the same way. Unlike
 * HTTP its connection keeps the process alive until `instance.stop()`.
 */
export function nats({ url: given }: NatsOptions): HubLink {
  const url = given === undefined ? undefined : URL.parse(given);
  if (!url || !/^(nats|tls):$/.test(url.protocol)) throw new TypeError('nats: url must be a nats:// or tls:// URL');
  return {
    open({ slug, meshNs, timeoutMs, ask, onError }): OpenLink {
      const closing = new AbortController();
      const opened = reach(url, slug, closing.signal, onError).then(async (connection) => {
        if (closing.signal.aborted) await connection?.close();
        else
          for (const subject of ASKED)
            connection?.subscribe(`${meshNs}.${subject}`, {
              queue: slug,
              callback: (error, message) => (error ? onError(error.message) : void answer(message, ask, onError)),
            });
        return connection;
      });

      let away = false;
      void opened.then(async (connection) => {
        for await (const { type } of connection?.status() ?? []) {
          if (type === 'disconnect') away = true;
          else if (type === 'reconnect') away = false;
        }
      });

      async function deliver(batch: readonly Sealed[]): Promise<Outcome> {
        const connection = await within(opened, timeoutMs);
        // What is sent meanwhile would wait for its time-out.
        if (!connection || away) return { kind: 'later', reason: 'the NATS server does not answer' };
        try {
          let duplicates = 0;
          for (let from = 0; from < batch.length; from += AT_ONCE) {
            const some = batch.slice(from, from + AT_ONCE);
            const repeated = await Promise.all(some.map((event) => publish(connection, event, timeoutMs)));
            duplicates += repeated.filter(Boolean).length;
          }
          return { kind: 'settled', accepted: batch.length - duplicates, duplicates, refused: [] };
        } catch (error) {
          return { kind: 'later', reason: error instanceof Error ? error.message : String(error) };
        }
      }

      return {
        deliver,
        async close() {
          closing.abort();
          const connection = await within(opened, 0);
          await connection?.close();
        },
      };
    },
  };
}

/** The first connection, whenever the server comes; later ones the library makes. */
async function reach(url: URL, slug: string, signal: AbortSignal, onError: (reason: string) => void) {
  while (!signal.aborted) {
    try {
      return await connect({
        servers: `${url.hostname}:${url.port || '4222'}`,
        ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
        ...(url.password === '' ? {} : { pass: decodeURIComponent(url.password) }),
        ...(url.protocol === 'tls:' ? { tls: {} } : {}),
        name: `orrery sdk ${slug}`,
        inboxPrefix: `_INBOX_${slug}`,
        maxReconnectAttempts: -1,
        ignoreAuthErrorAbort: true,
        reconnectDelayHandler: () => 500 + Math.random() * 1500,
        pingInterval: 10_000,
        maxPingOut: 2,
        timeout: 5000,
      });
    } catch (error) {
      onError(error instanceof Error ? error.message : String(error));
      await pause(500 + Math.random() * 1500, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
  return undefined;
}

/** One message, until JetStream has it on disk; whether it had it already. */
async function publish(connection: NatsConnection, { json }: Sealed, timeoutMs: number): Promise<boolean> {
  const { id, type, source, time, data } = JSON.parse(json) as CloudEvent;
  const headers = makeHeaders();
  headers.set('Nats-Msg-Id', id);
  headers.set('ce-id', id);
  headers.set('ce-type', type);
  headers.set('ce-source', source);
  if (time !== undefined) headers.set('ce-time', time);
  const answer = await connection.request(type, JSON.stringify(data ?? null), { headers, timeout: timeoutMs });
  const ack = answer.json<{ error?: { description: string }; duplicate?: boolean }>();
  if (ack.error) throw new Error(ack.error.description);
  return ack.duplicate === true;
}

/** What the hub asks is answered as over HTTP, with the status in a header. */
async function answer(
  message: Msg,
  ask: (headers: Headers, body: Uint8Array) => Promise<{ status: number; body: string }>,
  onError: (reason: string) => void,
) {
  const given = new Headers();
  for (const name of message.headers?.keys() ?? [])
    if (/^webhook-(id|timestamp|signature)$/i.test(name)) given.set(name, message.headers?.get(name) ?? '');
  const failed = (error: unknown) => onError(error instanceof Error ? error.message : String(error));
  const { status, body } = await ask(given, message.data).catch((error: unknown) => {
    failed(error);
    return { status: 500, body: JSON.stringify({ status: 500, error: 'internal' }) };
  });
  const headers = makeHeaders();
  headers.set('status', String(status));
  try {
    message.respond(body, { headers });
  } catch (error) {
    // The connection was closed meanwhile; nobody else may hear of it, or the product would end.
    failed(error);
  }
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
