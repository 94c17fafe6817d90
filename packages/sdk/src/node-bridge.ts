import type { IncomingMessage, ServerResponse } from 'node:http';
import { problem } from './answers.ts';
import { MAX_BODY_BYTES } from './door.ts';
import type { Instance } from './instance.ts';

/** The path of a request target, without building a URL: this runs on every request of the product. */
export function pathOf(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

/** One header of a Node request; of several with one name the first. */
export function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** Answers a Node request from the instance. `rawBody` is given where something has read it already. */
export async function answerNode(
  instance: Instance,
  target: string,
  req: IncomingMessage,
  res: ServerResponse,
  rawBody?: Uint8Array,
): Promise<void> {
  const method = req.method ?? 'GET';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  if (hasBody && !rawBody && req.readableEnded) return write(res, method, rawBodyIsGone());
  const body = hasBody ? (rawBody ?? (await readBounded(req))) : undefined;
  const request = new Request(new URL(target, 'http://instance'), {
    method,
    headers: headersOf(req),
    ...(body ? { body: new Uint8Array(body) } : {}),
  });
  const response = await instance.handle(request);
  if (!response) throw new Error('the instance does not answer this path');
  if (body && body.byteLength > MAX_BODY_BYTES) res.setHeader('connection', 'close');
  await write(res, method, response);
}

/** A signature covers the bytes as they came; they cannot be had from a parsed body. */
const rawBodyIsGone = () =>
  problem(
    500,
    'misconfigured',
    'The body was read before Orrery could check its signature: mount Orrery before body parsers.',
  );

async function write(res: ServerResponse, method: string, response: Response): Promise<void> {
  res.statusCode = response.status;
  response.headers.forEach((value, name) => {
    res.setHeader(name, value);
  });
  const content = Buffer.from(await response.arrayBuffer());
  res.setHeader('content-length', content.byteLength);
  res.end(method === 'HEAD' ? undefined : content);
}

function headersOf(req: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < req.rawHeaders.length; at += 2) {
    const [name, value] = [req.rawHeaders[at], req.rawHeaders[at + 1]];
    if (name && value !== undefined && !name.startsWith(':')) headers.append(name, value);
  }
  // The length is that of what was read, and an aborted upload has another one.
  headers.delete('content-length');
  headers.delete('transfer-encoding');
  return headers;
}

/** Reads at most one byte more than allowed, which is enough to refuse it, and leaves the socket open for the answer. */
function readBounded(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = () => {
      req.off('data', onData);
      resolve(Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES + 1));
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > MAX_BODY_BYTES) {
        req.pause();
        finish();
      }
    };
    req.on('data', onData);
    req.once('end', finish);
    req.once('close', finish);
    req.once('error', finish);
  });
}

/** Counts the bytes of an answer: its `content-length`, else what the socket wrote since the start (head included). */
export function byteCounter(req: IncomingMessage): (contentLength: unknown) => number {
  const { socket } = req;
  const before = socket.bytesWritten;
  return (contentLength) => {
    const stated = Number(contentLength);
    return stated > 0 ? stated : Math.max(0, socket.bytesWritten - before);
  };
}
