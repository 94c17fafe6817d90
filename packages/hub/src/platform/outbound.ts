import { Resolver } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from './clock.ts';
import { type Attempt, beginAttempt, type Cut } from './outbound/attempt.ts';
import {
  createConnector,
  isPermitted,
  leftEarly,
  type OutboundTls,
  permitted,
  type Target,
} from './outbound/connect.ts';
import { OutboundError } from './outbound/error.ts';
import { exchange, parseTarget, type Received } from './outbound/exchange.ts';
import { createNames } from './outbound/names.ts';
import { createPool, type Pool } from './outbound/pool.ts';
import { askRecords, parseNameServer, type RecordType } from './outbound/records.ts';
import { type Hop, isRedirect, nextHop } from './outbound/redirect.ts';
import { reachUnix } from './outbound/unix.ts';

export type { OutboundTls } from './outbound/connect.ts';
export { OutboundError, tlsReason, toOutboundError } from './outbound/error.ts';
export type { Pool, PooledExchange } from './outbound/pool.ts';

export type OutboundRequest = {
  /** http or https; a user name and password in it travel as Basic authorization. */
  url: string;
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Milliseconds for everything: name, connection, TLS, headers, body, every redirect. */
  timeoutMs: number;
  /** Largest body after decompression in bytes; 1 MiB unless said otherwise. */
  maxBytes?: number;
  /** What a larger body is: an error unless said otherwise. */
  oversize?: 'error' | 'truncate';
  /** Takes the body of an answer 200 as it comes, uncompressed and of any length; the answer's own body is then empty. */
  onData?: (chunk: Buffer) => void;
  /** How many redirects are followed; 0 unless said otherwise, and then they are answers like any other. */
  followRedirects?: number;
  /** Whom to trust and who we are, in place of the hub's own; stays with the first origin. */
  tls?: OutboundTls;
  /** For which project this is asked: at the project's own origin the hub then shows the certificate that it has for it. */
  as?: string | undefined;
  /** A socket of the hub's own machine to send it over, as an absolute path; the host of the URL is then a mere name. */
  socketPath?: string;
  signal?: AbortSignal;
  /** Named by the operator for the hub itself: private addresses are allowed, metadata addresses are not. Never for what a redirect names. */
  trusted?: boolean;
};
export type OutboundAnswer = {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  /** From the call to the end of the body. */
  latencyMs: number;
  truncated: boolean;
  /** When the first certificate on the way expires, in epoch ms; of https alone. */
  certificateUntil?: number;
  /** Redirects that were followed. */
  redirects?: number;
};
export type OutboundTarget = {
  host: string;
  port: number;
  /** TLS from the first byte. */
  tls?: OutboundTls | undefined;
  /** For name, connection and TLS; what comes after is the caller's to limit. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** Named by the operator for the hub itself: private addresses are allowed, metadata addresses are not. */
  trusted?: boolean;
};
export type OutboundConnection = { socket: Socket | TLSSocket; address: string; latencyMs: number };
export type OutboundQuestion = {
  name: string;
  record: RecordType;
  /** An IP address, with or without a port; the system's when absent. */
  server?: string | undefined;
  timeoutMs: number;
  signal?: AbortSignal;
};
export type Outbound = {
  /** One exchange on a socket of its own, and one more for each redirect to follow. Throws OutboundError. */
  request(request: OutboundRequest): Promise<OutboundAnswer>;
  /** One connection to an address that the policy allows; the caller destroys it, and limits what it reads. Throws OutboundError. */
  open(target: OutboundTarget): Promise<OutboundConnection>;
  /** The records of a name, as a zone file would have them. A server that is named is a target like any other. Throws OutboundError. */
  records(question: OutboundQuestion): Promise<{ values: string[]; latencyMs: number }>;
  /** Requests over kept connections to targets that the operator names; `connectTimeoutMs` by origin. Close it with its user. */
  pool(connectTimeoutMs: (origin: string) => number): Pool;
  /** Holds for everything that has not connected yet. */
  setPolicy(policy: { allowPrivate: boolean }): void;
  /** Who the hub is to whose instance: the certificates by project, each for one origin. */
  setIdentities(identities: ReadonlyMap<string, OutboundIdentity>): void;
  /** Exchanges, connections and questions under way. */
  inFlight(): number;
  /** Cuts what is under way; nothing is sent afterwards. */
  close(): void;
};
export type OutboundIdentity = { origin: string; tls: OutboundTls };
export type OutboundOptions = {
  clock: Clock;
  allowPrivate: boolean;
  /** Certificates to trust in place of the system's. */
  ca?: string;
  /** Name servers to ask in place of the system's. */
  nameServers?: readonly string[];
};

/** The one way out of the hub: all that it asks of the world passes here, with one deadline, one size limit and one address policy. */
export function createOutbound(options: OutboundOptions): Outbound {
  const { clock } = options;
  const names = createNames({ clock, ...(options.nameServers ? { servers: options.nameServers } : {}) });
  const connector = createConnector(clock, options.ca);
  const running = new Set<Cut>();
  let allowPrivate = options.allowPrivate;
  let identities: ReadonlyMap<string, OutboundIdentity> = new Map();
  let closed = false;

  const stopped = () => new OutboundError('stopped', 'the hub is stopping');
  const since = (started: number) => Math.round((clock.monotonic() - started) * 10) / 10;

  /** Name, policy, connection, policy again: the only way to a socket. */
  async function reach(attempt: Attempt<unknown>, target: Target, ready: (socket: Socket) => void): Promise<void> {
    const addresses = isIP(target.host) === 0 ? await names.resolve(target.host) : [target.host];
    if (attempt.settled) return;
    attempt.stage = 'the connection was not answered';
    link(attempt, target, permitted(target.host, addresses, allowPrivate || target.trusted === true), ready);
  }

  function link(attempt: Attempt<unknown>, target: Target, addresses: string[], ready: (socket: Socket) => void): void {
    const socket = connector.open(target, addresses);
    const secure = target.tls !== false;
    attempt.socket = socket;
    attempt.handshake = secure;
    socket.on('error', (error) => {
      const far = leftEarly(error, addresses);
      if (far.length === 0 || attempt.settled) attempt.fail(error);
      else link(attempt, target, far, ready);
    });
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      attempt.handshake = false;
      // What counts is where this very socket leads, whatever was judged before.
      if (!isPermitted(socket.remoteAddress ?? '', allowPrivate || target.trusted === true))
        return attempt.fail(new OutboundError('forbidden_address', 'the socket led to an address that is not allowed'));
      // Nobody catches what a listener throws: a header that cannot be sent must end this exchange, not the process.
      try {
        ready(socket);
      } catch (error) {
        attempt.fail(error);
      }
    });
    if (!secure) return;
    socket.once('connect', () => {
      attempt.stage = 'the TLS handshake did not end';
    });
    socket.once('close', () => {
      if (attempt.handshake && attempt.socket === socket)
        attempt.fail(new OutboundError('reset', 'the connection was closed during the TLS handshake', 'tls_handshake'));
    });
  }

  /** A certificate is shown where it is meant to be, and for whom: another project at the same place does not borrow it. */
  function identityFor(project: string | undefined, origin: string): OutboundTls | undefined {
    const identity = project === undefined ? undefined : identities.get(project);
    return identity?.origin === origin ? identity.tls : undefined;
  }

  function once(asked: OutboundRequest): Promise<OutboundAnswer> {
    const started = clock.monotonic();
    const attempt = beginAttempt<OutboundAnswer>(asked, running);
    const deliver = ({ response, body, truncated }: Received) => {
      const until = attempt.socket && connector.certificateUntil(attempt.socket);
      attempt.done({
        status: response.statusCode ?? 0,
        headers: flat(response.headers),
        body,
        latencyMs: since(started),
        truncated,
        ...(until === undefined ? {} : { certificateUntil: until }),
      });
    };
    const start = async () => {
      const { target, location } = parseTarget(asked.url);
      const send = (socket: Socket) => exchange(attempt, socket, location, asked, deliver);
      if (asked.socketPath !== undefined) return reachUnix(attempt, asked.socketPath, allowPrivate, send);
      const tls = asked.tls ?? identityFor(asked.as, location.origin);
      const where = target.tls && tls ? { ...target, tls } : target;
      await reach(attempt, { ...where, trusted: asked.trusted === true }, send);
    };
    if (closed) attempt.fail(stopped());
    else if (!attempt.settled) start().catch(attempt.fail);
    return attempt.promise;
  }

  /** Every hop is a request of its own: parsed, resolved and judged anew, inside the one deadline. */
  async function follow(asked: OutboundRequest, limit: number): Promise<OutboundAnswer> {
    const started = clock.monotonic();
    const { method = 'GET', headers = {}, body, tls, trusted: _, ...rest } = asked;
    let hop: Hop<OutboundTls> = { url: asked.url, method, headers, body, tls };
    let until = Number.POSITIVE_INFINITY;
    const visited = new Set<string>();
    for (let redirects = 0; ; redirects++) {
      visited.add(`${hop.method} ${hop.url}`);
      const left = asked.timeoutMs - (clock.monotonic() - started);
      if (left <= 0) throw tooLate(asked.timeoutMs, redirects);
      const answer = await once(requestOf(rest, hop, Math.ceil(left))).catch((error: unknown) => {
        throw afterRedirects(error, redirects, asked.timeoutMs);
      });
      until = Math.min(until, answer.certificateUntil ?? until);
      const { location } = answer.headers;
      if (!isRedirect(answer.status, location))
        return {
          ...answer,
          latencyMs: since(started),
          redirects,
          ...(Number.isFinite(until) ? { certificateUntil: until } : {}),
        };
      if (redirects === limit) throw new OutboundError('protocol', `more than ${limit} redirects`);
      hop = nextHop(hop, answer.status, location);
      if (visited.has(`${hop.method} ${hop.url}`))
        throw new OutboundError('protocol', `the redirects go in a circle, after ${redirects + 1}`);
    }
  }

  function open(asked: OutboundTarget): Promise<OutboundConnection> {
    const started = clock.monotonic();
    const attempt = beginAttempt<OutboundConnection>(asked, running, true);
    const host = asked.host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
    const target: Target = { host, port: asked.port, tls: asked.tls ?? false };
    const start = () =>
      reach(attempt, { ...target, trusted: asked.trusted === true }, (socket) => {
        const cut: Cut = (error) => socket.destroy(error);
        running.add(cut);
        socket.once('close', () => running.delete(cut));
        attempt.done({ socket, address: socket.remoteAddress ?? '', latencyMs: since(started) });
      });
    if (closed) attempt.fail(stopped());
    else if (!attempt.settled) start().catch(attempt.fail);
    return attempt.promise;
  }

  function records(asked: OutboundQuestion): Promise<{ values: string[]; latencyMs: number }> {
    const started = clock.monotonic();
    const attempt = beginAttempt<{ values: string[]; latencyMs: number }>(asked, running);
    // The question is asked twice within the deadline: after a third of it once more, since a datagram may be lost.
    const resolver = new Resolver({ timeout: Math.max(1, Math.ceil(asked.timeoutMs / 3)), tries: 2 });
    const start = async () => {
      const servers = asked.server === undefined ? options.nameServers : [allowedServer(asked.server)];
      if (servers) resolver.setServers(servers);
      attempt.done({ values: await askRecords(resolver, asked), latencyMs: since(started) });
    };
    if (closed) attempt.fail(stopped());
    else if (!attempt.settled) start().catch(attempt.fail);
    return attempt.promise.finally(() => resolver.cancel());
  }

  function allowedServer(text: string): string {
    const { address, port } = parseNameServer(text);
    permitted(address, [address], allowPrivate);
    return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  }

  return {
    // What listens on a socket of this machine has no business to send us anywhere.
    request: (asked) =>
      asked.followRedirects && asked.socketPath === undefined ? follow(asked, asked.followRedirects) : once(asked),
    open,
    records,
    pool: (connectTimeoutMs) =>
      createPool({ open, connectTimeoutMs, ...(options.ca === undefined ? {} : { ca: options.ca }) }),
    setPolicy(policy) {
      allowPrivate = policy.allowPrivate;
    },
    setIdentities(next) {
      identities = next;
    },
    inFlight: () => running.size,
    close() {
      closed = true;
      for (const cut of [...running]) cut(stopped());
      names.close();
    },
  };
}

function requestOf(rest: Omit<OutboundRequest, keyof Hop>, hop: Hop<OutboundTls>, timeoutMs: number): OutboundRequest {
  const { url, method, headers, body, tls } = hop;
  return { ...rest, url, method, headers, timeoutMs, ...(body === undefined ? {} : { body }), ...(tls ? { tls } : {}) };
}

const tooLate = (timeoutMs: number, redirects: number) =>
  new OutboundError('timeout', `no complete answer within ${timeoutMs} ms, after ${redirects} redirects`);

/** A failure behind a redirect says so; one of time speaks of the whole. */
function afterRedirects(error: unknown, redirects: number, timeoutMs: number): unknown {
  if (!(error instanceof OutboundError) || redirects === 0) return error;
  if (error.kind === 'timeout') return tooLate(timeoutMs, redirects);
  const { kind, message, code } = error;
  return new OutboundError(
    kind,
    `after ${redirects === 1 ? 'a redirect' : `${redirects} redirects`}: ${message}`,
    code,
  );
}

function flat(headers: IncomingMessage['headers']): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) result[name] = typeof value === 'string' ? value : value.join(', ');
  return result;
}
