import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Attempt } from './attempt.ts';
import type { Target } from './connect.ts';
import { OutboundError } from './error.ts';
import { codingsOf, inflateBody } from './inflate.ts';

/** What is sent over one connection, and how much of the answer is taken. */
export type Message = {
  method?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: string | Uint8Array | undefined;
  maxBytes?: number | undefined;
  oversize?: 'error' | 'truncate' | undefined;
  onData?: ((chunk: Buffer) => void) | undefined;
};
export type Received = { response: IncomingMessage; body: Buffer; truncated: boolean };

const MAX_BYTES = 1024 * 1024;
const USER_AGENT = 'Orrery';
/** How a message is framed is ours to say: a length that is not the body's would smuggle a second request. */
const FRAMING = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'trailer',
  'te',
  'keep-alive',
]);

/** The URL of an http or https target, parsed; throws `protocol` for every other. */
export function parseTarget(url: string): { target: Target & { tls: boolean }; location: URL } {
  if (!URL.canParse(url)) throw new OutboundError('protocol', 'the address is no valid URL');
  const location = new URL(url);
  const tls = location.protocol === 'https:';
  if (!tls && location.protocol !== 'http:')
    throw new OutboundError('protocol', `only http and https are spoken, not ${location.protocol.slice(0, 20)}`);
  const host = location.hostname.replace(/^\[(.*)\]$/, '$1');
  return { target: { host, port: Number(location.port) || (tls ? 443 : 80), tls }, location };
}

function headersOf(message: Message, location: URL): Record<string, string | number> {
  const headers: Record<string, string | number> = { host: location.host, 'user-agent': USER_AGENT };
  if (location.username || location.password) {
    const credentials = `${decodeURIComponent(location.username)}:${decodeURIComponent(location.password)}`;
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const plain = name.toLowerCase();
    if (!FRAMING.has(plain)) headers[plain] = value;
  }
  if (message.body !== undefined) headers['content-length'] = Buffer.byteLength(message.body);
  headers.connection = 'close';
  return headers;
}

/** Sends one request over a connection that stands, and hands over the answer once it is whole. Everything that goes wrong fails the attempt. */
export function exchange(
  attempt: Attempt<unknown>,
  connection: Socket,
  location: URL,
  message: Message,
  deliver: (received: Received) => void,
): void {
  attempt.stage = 'the connection stood but nothing came back';
  let answered = false;
  const sent = httpRequest({
    createConnection: () => connection,
    method: message.method ?? 'GET',
    path: location.pathname + location.search,
    headers: headersOf(message, location),
  });
  sent.on('error', attempt.fail);
  sent.on('response', (response) => {
    answered = true;
    read(attempt, response, message, deliver);
  });
  sent.on('upgrade', () => attempt.fail(new OutboundError('protocol', 'the answer is a protocol upgrade')));
  sent.on('close', () => {
    if (!answered) attempt.fail(new OutboundError('reset', 'the connection was closed before the answer'));
  });
  sent.end(message.body);
}

function read(
  attempt: Attempt<unknown>,
  response: IncomingMessage,
  message: Message,
  deliver: (received: Received) => void,
): void {
  const maxBytes = message.maxBytes ?? MAX_BYTES;
  attempt.stage = 'the answer had begun but did not end';
  const chunks: Buffer[] = [];
  let size = 0;
  let ended = false;
  const finish = (body: Buffer, truncated: boolean) => {
    ended = true;
    const codings = truncated ? [] : codingsOf(response.headers['content-encoding']);
    if (codings.length === 0) return deliver({ response, body, truncated });
    inflateBody(body, codings, maxBytes).then((bytes) => deliver({ response, body: bytes, truncated }), attempt.fail);
  };
  const cutOff = () => {
    if (!ended)
      attempt.fail(new OutboundError('reset', 'the connection was closed before the whole answer had arrived'));
  };
  response.on('data', (chunk: Buffer) => {
    if (attempt.settled || ended) return;
    if (message.onData && response.statusCode === 200) return handOn(attempt, message.onData, chunk);
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else if (message.oversize === 'truncate') {
      chunks.push(chunk.subarray(0, chunk.length - (size - maxBytes)));
      finish(Buffer.concat(chunks), true);
    } else attempt.fail(new OutboundError('too_large', `the answer is larger than ${maxBytes} bytes; reading stopped`));
  });
  response.on('error', cutOff);
  response.on('close', cutOff);
  response.on('end', () => {
    if (ended) return;
    if (!response.complete) return cutOff();
    try {
      finish(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks), false);
    } catch (error) {
      attempt.fail(error);
    }
  });
}

/** What the receiver of a stream throws ends the exchange. */
function handOn(attempt: Attempt<unknown>, onData: (chunk: Buffer) => void, chunk: Buffer): void {
  try {
    onData(chunk);
  } catch (error) {
    attempt.fail(error);
  }
}
