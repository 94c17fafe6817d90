import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from './log.ts';

export type NatsOptions = {
  /** `nats://user:password@host:4222`, or `tls://…`. */
  url: string;
  name: string;
  /** Where answers to its requests arrive; each user of a server has its own. */
  inboxPrefix: string;
  log: Log;
  /** Called after each connection, the first one too. */
  onConnected(connection: NatsConnection): void;
};

export type NatsState = {
  connected: boolean;
  /** Without its credentials. */
  server: string;
  version?: string;
  /** What its operator should know: an old version, a server that asks nobody who they are. */
  warnings: string[];
  reconnects: number;
  /** The newest complaint of the server or the network. */
  lastError?: string;
};

export type Nats = {
  /** undefined until the first connection. */
  connection(): NatsConnection | undefined;
  state(): NatsState;
  close(): Promise<void>;
};

/** The oldest release without the known holes between users of one server (secnote-2026-18, CVE-2025-30215). */
const SAFE = [2, 12, 7] as const;
const FIRST_MS = 500;
const LONGEST_MS = 2000;

/**
 * A connection to a NATS server that its operator names. It comes when the server does, and comes back whenever it is lost: whoever uses it
 * never waits for it.
 */
export function createNats(options: NatsOptions): Nats {
  const { log } = options;
  const { servers, user, pass, tls } = readUrl(options.url);
  let connection: NatsConnection | undefined;
  let connected = false;
  let closed = false;
  let reconnects = 0;
  let lastError: string | undefined;

  const opening = (async () => {
    const { connect } = await import('@nats-io/transport-node');
    while (!closed) {
      try {
        return await connect({
          servers,
          ...(user === undefined ? {} : { user }),
          ...(pass === undefined ? {} : { pass }),
          ...(tls ? { tls: {} } : {}),
          name: options.name,
          inboxPrefix: options.inboxPrefix,
          maxReconnectAttempts: -1,
          // A server that comes back is met by its clients one after another.
          reconnectDelayHandler: () => FIRST_MS + Math.random() * (LONGEST_MS - FIRST_MS),
          ignoreAuthErrorAbort: true,
          pingInterval: 10_000,
          maxPingOut: 2,
          timeout: 5000,
        });
      } catch (error) {
        if (lastError === undefined) log.warn({ err: error, server: servers }, 'the NATS server does not answer yet');
        lastError = messageOf(error);
        await new Promise((resolve) => setTimeout(resolve, FIRST_MS + Math.random() * LONGEST_MS).unref());
      }
    }
    return undefined;
  })();

  const following = opening.then(async (opened) => {
    if (!opened) return;
    if (closed) return opened.close();
    connection = opened;
    meet(opened);
    for await (const status of opened.status()) {
      if (status.type === 'disconnect') {
        connected = false;
        log.warn({ server: servers }, 'the NATS server is away');
      } else if (status.type === 'reconnect') {
        reconnects += 1;
        meet(opened);
      } else if (status.type === 'error') {
        lastError = messageOf(status.error);
        log.warn({ err: status.error }, 'the NATS server complains');
      } else if (status.type === 'close') connected = false;
    }
  });
  following.catch((error: unknown) => log.error({ err: error }, 'the NATS connection is no longer followed'));

  function meet(opened: NatsConnection): void {
    connected = true;
    lastError = undefined;
    const warnings = warningsOf(opened);
    log.info({ server: servers, version: opened.info?.version }, 'the NATS server is there');
    for (const warning of warnings) log.warn({ server: servers }, warning);
    options.onConnected(opened);
  }

  return {
    connection: () => connection,
    state: () => ({
      connected,
      server: servers,
      ...(connection?.info ? { version: connection.info.version } : {}),
      warnings: connection ? warningsOf(connection) : [],
      reconnects,
      ...(lastError === undefined ? {} : { lastError }),
    }),
    async close() {
      closed = true;
      connected = false;
      await connection?.close();
      // An attempt that is under way ends within its time-out, and then closes what it got.
      if (connection) await following;
    },
  };
}

function warningsOf({ info }: NatsConnection): string[] {
  if (!info) return [];
  const warnings: string[] = [];
  if (isOlder(info.version))
    warnings.push(
      `nats-server ${info.version} has known holes between the users of one server; ${SAFE.join('.')} or newer closes them`,
    );
  if (info.auth_required !== true)
    warnings.push('the NATS server asks nobody who they are: every client can speak for every project');
  if (info.jetstream !== true)
    warnings.push('the NATS server has no JetStream: what is sent while the hub is away would be lost');
  return warnings;
}

/** Whether a version is below the oldest that is known to be safe; one that cannot be read is not judged. */
export function isOlder(version: string): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!parts) return false;
  for (const [i, least] of SAFE.entries()) if (parts[i] !== least) return (parts[i] ?? 0) < least;
  return false;
}

/** The address without its credentials, and the credentials. */
export function readUrl(text: string): { servers: string; user?: string; pass?: string; tls: boolean } {
  const url = new URL(text);
  const servers = `${url.hostname}:${url.port || '4222'}`;
  return {
    servers,
    tls: url.protocol === 'tls:',
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { pass: decodeURIComponent(url.password) }),
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
