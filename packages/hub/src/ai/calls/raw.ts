import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AiApi } from '@orrery/protocol';
import type { Caller } from '../../access/index.ts';
import { ERROR_CODES, HubError } from '../../platform/errors.ts';
import type { RawHandler } from '../../platform/http/raw.ts';
import { isDeeper } from '../../platform/json.ts';
import { errorBody, type WireError } from '../wire/errors.ts';
import type { Answer, StreamSink } from './serve.ts';

const MAX_BODY = 32 * 1024 * 1024;
const MAX_DEPTH = 200;

/** What a route does with a request whose body is whole JSON: it answers through `serve`. */
export type RawCall = (input: {
  caller: Caller;
  body: unknown;
  bytes: Buffer;
  headers: IncomingMessage['headers'];
  signal: AbortSignal;
  requestId: string;
}) => Promise<Answer>;

/** A route of the gateway: reads the body, answers in the caller's protocol, and stops the provider when the caller leaves. */
export const rawCall = (api: AiApi, work: RawCall): RawHandler<Caller> => ({
  async handle({ caller, incoming, outgoing, requestId }) {
    const gone = new AbortController();
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) gone.abort();
    });
    const bytes = await readBody(incoming);
    const answer = await work({
      ...{ caller, body: parse(bytes), bytes, headers: incoming.headers, signal: gone.signal, requestId },
    });
    outgoing.setHeader('x-orrery-audit-id', answer.id);
    if (answer.provider !== undefined) outgoing.setHeader('x-orrery-provider', answer.provider);
    if (answer.model !== undefined) outgoing.setHeader('x-orrery-model', printable(answer.model));
    if (answer.failovers.length > 0)
      outgoing.setHeader(
        'x-orrery-failovers',
        answer.failovers.map(({ provider, reason }) => `${provider}=${reason}`).join(', '),
      );
    if (answer.kind === 'stream') return answer.carry(sinkOf(outgoing, answer.contentType));
    outgoing.setHeader('x-orrery-overhead-ms', String(answer.overheadMs));
    if (answer.kind === 'refused') return writeError(outgoing, api, answer.error, requestId, answer.retryAfterMs);
    if (answer.cached) outgoing.setHeader('x-orrery-cache', 'hit');
    end(outgoing, answer.status, answer.contentType || 'application/json', answer.bytes);
  },
  refuse: (error, outgoing, requestId) => refuse(api, error, outgoing, requestId),
});

/** As a header may hold it: a model may have any name. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, encodeURIComponent);

/** Tells what went wrong before a call began. */
export function refuse(api: AiApi | 'models', error: unknown, outgoing: ServerResponse, requestId: string): void {
  const known = error instanceof HubError ? error : undefined;
  const status = known ? ERROR_CODES[known.code][0] : 500;
  if (status === 401) outgoing.setHeader('www-authenticate', 'Bearer realm="orrery"');
  const message =
    known?.message ?? 'Something went wrong inside the hub; its log has the details under this request id.';
  const wire = { status, code: known?.code ?? 'internal', message, field: known?.fields?.[0]?.field };
  writeError(outgoing, api, wire, requestId, known?.retryAfter === undefined ? undefined : known.retryAfter * 1000);
}

function writeError(
  outgoing: ServerResponse,
  api: AiApi | 'models',
  error: WireError,
  requestId: string,
  retryAfterMs?: number,
): void {
  if (outgoing.destroyed) return;
  if (retryAfterMs !== undefined)
    outgoing.setHeader('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  // Official clients retry by themselves: what the hub has tried already must not be multiplied.
  outgoing.setHeader('x-should-retry', 'false');
  end(outgoing, error.status, 'application/json', Buffer.from(errorBody(api, error, requestId)));
}

export function end(outgoing: ServerResponse, status: number, contentType: string, bytes: Uint8Array): void {
  outgoing.writeHead(status, { 'content-type': contentType, 'content-length': bytes.byteLength });
  outgoing.end(bytes);
}

function sinkOf(outgoing: ServerResponse, contentType: string): StreamSink {
  return {
    start() {
      outgoing.writeHead(200, { 'content-type': contentType, 'x-accel-buffering': 'no' });
      outgoing.socket?.setNoDelay(true);
    },
    write: (bytes) => outgoing.destroyed || outgoing.write(bytes),
    drained: () =>
      new Promise((resolve) => {
        if (outgoing.destroyed || !outgoing.writableNeedDrain) return resolve();
        const done = () => {
          outgoing.off('drain', done).off('close', done);
          resolve();
        };
        outgoing.on('drain', done).on('close', done);
      }),
    end: () => void outgoing.end(),
  };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const type = (incoming.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw new HubError('unsupported', 'Send the body as application/json.', {
      fields: [{ field: 'content-type', reason: 'must be application/json' }],
    });
  const tooLarge = () => new HubError('too_large', `The body is larger than ${MAX_BODY} bytes.`);
  if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY) reject(tooLarge());
      else chunks.push(chunk);
    });
    incoming.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    incoming.once('error', reject);
    incoming.once('close', () => {
      if (!incoming.complete) reject(new HubError('invalid', 'The body did not arrive whole.'));
    });
  });
}

function parse(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  const invalid = (reason: string) =>
    new HubError('invalid', `body: ${reason}`, { fields: [{ field: 'body', reason }] });
  if (isDeeper(text, MAX_DEPTH)) throw invalid(`is nested deeper than ${MAX_DEPTH}`);
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('is no valid JSON');
  }
}
