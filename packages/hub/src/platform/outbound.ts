import { request as httpRequest, type IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Clock } from './clock.ts';
import { createConnector, isPermitted, permitted, type Target } from './outbound/connect.ts';
import { OutboundError, toOutboundError } from './outbound/error.ts';
import { codingsOf, inflateBody } from './outbound/inflate.ts';
import { createNames } from './outbound/names.ts';

export { OutboundError } from './outbound/error.ts';

export type OutboundRequest = {
  /** http or https; a user name and password in it travel as Basic authorization. */
  url: string;
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Milliseconds for everything: name, connection, TLS, headers, body. */
  timeoutMs: number;
  /** Largest body after decompression in bytes; 1 MiB unless said otherwise. */
  maxBytes?: number;
  /** What a larger body is: an error unless said otherwise. */
  oversize?: 'error' | 'truncate';
  signal?: AbortSignal;
};
export type OutboundAnswer = {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  /** From the call to the end of the body. */
  latencyMs: number;
  truncated: boolean;
};
export type Outbound = {
  /** One exchange on a socket of its own; redirects are answers like any other. Throws OutboundError. */
  request(request: OutboundRequest): Promise<OutboundAnswer>;
  /** Holds for every exchange that has not connected yet. */
  setPolicy(policy: { allowPrivate: boolean }): void;
  /** Exchanges under way. */
  inFlight(): number;
  /** Cuts what is under way; nothing is sent afterwards. */
  close(): void;
};
export type OutboundOptions = {
  clock: Clock;
  allowPrivate: boolean;
  /** Certificates to trust in place of the system's. */
  ca?: string;
  /** Name servers to ask in place of the system's. */
  nameServers?: readonly string[];
};

const MAX_BYTES = 1024 * 1024;
const USER_AGENT = 'Orrery';

function parseTarget(url: string): { target: Target; location: URL } {
  if (!URL.canParse(url)) throw new OutboundError('protocol', 'the address is no valid URL');
  const location = new URL(url);
  const tls = location.protocol === 'https:';
  if (!tls && location.protocol !== 'http:')
    throw new OutboundError('protocol', `only http and https are spoken, not ${location.protocol.slice(0, 20)}`);
  const host = location.hostname.replace(/^\[(.*)\]$/, '$1');
  return { target: { host, port: Number(location.port) || (tls ? 443 : 80), tls }, location };
}

function headersOf(request: OutboundRequest, location: URL): Record<string, string | number> {
  const headers: Record<string, string | number> = { host: location.host, 'user-agent': USER_AGENT };
  if (location.username || location.password) {
    const credentials = `${decodeURIComponent(location.username)}:${decodeURIComponent(location.password)}`;
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  if (request.body !== undefined) headers['content-length'] = Buffer.byteLength(request.body);
  headers.connection = 'close';
  return headers;
}

function flat(headers: IncomingMessage['headers']): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) result[name] = typeof value === 'string' ? value : value.join(', ');
  return result;
}

/** The one way out of the hub: every request that it makes of the world passes here, with one deadline, one size limit and one address policy. */
export function createOutbound(options: OutboundOptions): Outbound {
  const { clock } = options;
  const names = createNames({ clock, ...(options.nameServers ? { servers: options.nameServers } : {}) });
  const open = createConnector(options.ca);
  const running = new Set<(error: OutboundError) => void>();
  let allowPrivate = options.allowPrivate;
  let closed = false;

  function request(asked: OutboundRequest): Promise<OutboundAnswer> {
    const started = clock.monotonic();
    const maxBytes = asked.maxBytes ?? MAX_BYTES;
    const { promise, resolve, reject } = Promise.withResolvers<OutboundAnswer>();
    let stage = 'the name was being looked up';
    let socket: Socket | undefined;
    let handshake = false;
    let ended = false;
    let settled = false;

    const settle = (finish: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      running.delete(fail);
      asked.signal?.removeEventListener('abort', onAbort);
      socket?.destroy();
      finish();
    };
    const fail = (error: unknown) => settle(() => reject(toOutboundError(error, handshake)));
    const onAbort = () => fail(new OutboundError('stopped', 'the request was stopped'));
    const timer = setTimeout(
      () =>
        fail(
          new OutboundError(socket ? 'timeout' : 'dns', `no complete answer within ${asked.timeoutMs} ms: ${stage}`),
        ),
      asked.timeoutMs,
    );
    running.add(fail);
    if (closed || asked.signal?.aborted) onAbort();
    else asked.signal?.addEventListener('abort', onAbort, { once: true });

    const answer = async (response: IncomingMessage, body: Buffer, truncated: boolean) => {
      const codings = truncated ? [] : codingsOf(response.headers['content-encoding']);
      const bytes = codings.length === 0 ? body : await inflateBody(body, codings, maxBytes);
      const latencyMs = Math.round((clock.monotonic() - started) * 10) / 10;
      settle(() =>
        resolve({
          status: response.statusCode ?? 0,
          headers: flat(response.headers),
          body: bytes,
          latencyMs,
          truncated,
        }),
      );
    };

    const cutOff = () => {
      if (!ended) fail(new OutboundError('reset', 'the connection was closed before the whole answer had arrived'));
    };

    const read = (response: IncomingMessage) => {
      stage = 'the answer had begun but did not end';
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        if (settled || ended) return;
        size += chunk.length;
        if (size <= maxBytes) {
          chunks.push(chunk);
          return;
        }
        if (asked.oversize === 'truncate') {
          ended = true;
          chunks.push(chunk.subarray(0, chunk.length - (size - maxBytes)));
          answer(response, Buffer.concat(chunks), true).catch(fail);
        } else fail(new OutboundError('too_large', `the answer is larger than ${maxBytes} bytes; reading stopped`));
      });
      response.on('error', cutOff);
      response.on('close', cutOff);
      response.on('end', () => {
        if (!response.complete) return cutOff();
        ended = true;
        answer(response, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks), false).catch(fail);
      });
    };

    const exchange = (location: URL, connection: Socket) => {
      stage = 'the connection stood but nothing came back';
      let answered = false;
      const sent = httpRequest({
        createConnection: () => connection,
        method: asked.method ?? 'GET',
        path: location.pathname + location.search,
        headers: headersOf(asked, location),
      });
      sent.on('error', fail);
      sent.on('response', (response) => {
        answered = true;
        read(response);
      });
      sent.on('upgrade', () => fail(new OutboundError('protocol', 'the answer is a protocol upgrade')));
      sent.on('close', () => {
        if (!answered) fail(new OutboundError('reset', 'the connection was closed before the answer'));
      });
      sent.end(asked.body);
    };

    const start = async () => {
      const { target, location } = parseTarget(asked.url);
      const addresses = isIP(target.host) === 0 ? await names.resolve(target.host) : [target.host];
      if (settled) return;
      stage = 'the connection was not answered';
      const connection = open(target, permitted(target.host, addresses, allowPrivate));
      socket = connection;
      handshake = target.tls;
      connection.on('error', fail);
      connection.once(target.tls ? 'secureConnect' : 'connect', () => {
        handshake = false;
        // What counts is where this very socket leads, whatever was judged before.
        if (!isPermitted(connection.remoteAddress ?? '', allowPrivate))
          return fail(new OutboundError('forbidden_address', 'the socket led to an address that is not allowed'));
        // Nobody catches what a listener throws: a header that cannot be sent must end this exchange, not the process.
        try {
          exchange(location, connection);
        } catch (error) {
          fail(error);
        }
      });
      if (target.tls) connection.once('connect', () => (stage = 'the TLS handshake did not end'));
      connection.once('close', () => {
        if (handshake) fail(new OutboundError('reset', 'the connection was closed during the TLS handshake'));
      });
    };
    if (!settled) start().catch(fail);
    return promise;
  }

  return {
    request,
    setPolicy(policy) {
      allowPrivate = policy.allowPrivate;
    },
    inFlight: () => running.size,
    close() {
      closed = true;
      for (const fail of running) fail(new OutboundError('stopped', 'the hub is stopping'));
      names.close();
    },
  };
}
