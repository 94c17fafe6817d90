import { isUtf8 } from 'node:buffer';
import type { AiApi } from '@orrery/protocol';
import type { Clock } from '../../platform/clock.ts';
import { OutboundError, type Pool, type PooledExchange } from '../../platform/outbound.ts';
import type { Provider } from '../providers/book.ts';
import { FaultError } from '../providers/keys.ts';
import type { Usage } from '../types.ts';
import { APIS, isObject, type Json, mergeUsage } from '../wire/api.ts';
import { createCutter, readEvents, type WireEvent } from '../wire/events.ts';
import { type Fault, faultOf, judgeStatus, spentOf } from './fault.ts';

/** A stream whose content has begun. */
export type OpenStream = {
  kind: 'stream';
  contentType: string;
  usage(): Usage | undefined;
  receivedChars(): number;
  /** Hands over what came so far and all that comes: whole events, bytes untouched. Resolves at the end, with a fault if it was no good one. */
  pump(piece: (bytes: Buffer, events: readonly WireEvent[]) => void): Promise<Fault | undefined>;
  pause(): void;
  resume(): void;
};
export type Opened =
  /** Whole, and in the caller's own protocol. */
  | { kind: 'whole'; contentType: string; bytes: Buffer; body: Json; usage: Usage | undefined }
  /** The caller's own fault, as the provider put it; nothing when its words did not come whole. */
  | { kind: 'caller'; status: number; contentType: string; bytes: Buffer }
  | OpenStream;

export type AttemptInput = {
  pool: Pool;
  clock: Clock;
  provider: Provider;
  api: AiApi;
  stream: boolean;
  /** How many answers are asked for at once (`n`); 1 when absent. */
  answers?: number;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | string;
  /** Translates a whole answer for the caller; one that cannot be is a fault of the provider's. None where both speak one protocol. */
  translate?: ((body: Json) => Json) | undefined;
  /** Longest time to the whole answer, when the caller asks for less than the provider has. */
  totalMs?: number | undefined;
  signal: AbortSignal;
};

const MAX_ANSWER = 64 * 1024 * 1024;
const MAX_REFUSAL = 256 * 1024;
const NEVER = () => undefined;

/** Asks one provider once. Resolves when its answer is whole, or its stream has content; throws FaultError. */
export function attempt(input: AttemptInput): Promise<Opened> {
  const { pool, clock, provider, api, stream, signal } = input;
  const shape = APIS[api];
  const { promise, resolve, reject } = Promise.withResolvers<Opened>();
  const { timeouts } = provider;
  let exchange: PooledExchange | undefined;
  let mode: 'head' | 'whole' | 'refusal' | 'stream' = 'head';
  let status = 0;
  let contentType = '';
  const chunks: Buffer[] = [];
  let size = 0;
  // Of a stream.
  const cutter = createCutter();
  const waiting: { bytes: Buffer; events: WireEvent[] }[] = [];
  let piece: ((bytes: Buffer, events: readonly WireEvent[]) => void) | undefined;
  let ended: { fault?: Fault } | undefined;
  let tellEnd: (fault: Fault | undefined) => void = NEVER;
  let open = false;
  let done = false;
  let finished = 0;
  let usage: Usage | undefined;
  let chars = 0;
  let sawEvent = false;
  let paused = false;

  // Timers: one for the whole, one for the first content, one between pieces.
  const total = setTimeout(
    () => cut('total_timeout', 'the answer was not whole in time'),
    input.totalMs ?? timeouts.total,
  );
  const first = stream ? setTimeout(() => cut('first_timeout', 'no content came in time'), timeouts.first) : undefined;
  let idle: NodeJS.Timeout | undefined;
  const cut = (reason: Fault['reason'], detail: string) => {
    fail({ reason, detail });
    exchange?.abort(new OutboundError('timeout', detail));
  };
  const alive = () => {
    if (idle) idle.refresh();
    else idle = setTimeout(() => paused || cut('idle_timeout', 'the answer stood still'), timeouts.idle);
  };
  const stop = () => {
    clearTimeout(total);
    clearTimeout(first);
    clearTimeout(idle);
    signal.removeEventListener('abort', onAbort);
  };
  const onAbort = () => {
    fail({ reason: 'stopped', detail: 'the caller left' });
    exchange?.abort(new OutboundError('stopped', 'the caller left'));
  };

  function fail(fault: Fault): void {
    if (ended) return;
    stop();
    ended = { fault };
    // The status alone says whose fault it is: nobody else is asked for want of the words behind it.
    if (mode === 'refusal' && fault.reason !== 'stopped')
      resolve({ kind: 'caller', status, contentType: 'application/json', bytes: Buffer.alloc(0) });
    else if (open) tellEnd(fault);
    else {
      const whole = mode === 'whole' && contentType.includes('json');
      const seen = { usage, asked: exchange?.begun() === true, answering: whole || mode === 'stream' };
      reject(new FaultError(fault, spentOf(fault, { ...seen, chars: whole && !usage ? size : chars })));
    }
  }
  function finish(): void {
    if (ended) return;
    stop();
    ended = {};
    tellEnd(undefined);
  }

  /** Looks at whole events; content opens the stream. */
  function see(bytes: Buffer): void {
    if (!isUtf8(bytes)) {
      refuse('wrong_shape', 'the stream was no UTF-8');
      return;
    }
    const events = readEvents(bytes.toString('utf8'));
    for (const { event, data } of events) {
      const sight = shape.sight(event, data);
      sawEvent = true;
      usage = mergeUsage(usage, sight.usage);
      chars += sight.chars ?? 0;
      if (sight.error !== undefined) {
        refuse('error_in_stream', sight.error);
        return;
      }
      finished += sight.finished ?? 0;
      // Of several answers in one stream each has its own end.
      done ||= sight.done === true || finished >= (input.answers ?? 1);
      if (sight.content && !open) begin();
    }
    if (!piece) waiting.push({ bytes, events });
    else
      try {
        piece(bytes, events);
      } catch (error) {
        refuse('wrong_shape', error instanceof Error ? error.message : String(error));
      }
  }
  function refuse(reason: Fault['reason'], detail: string): void {
    fail({ reason, detail });
    exchange?.abort(new OutboundError('protocol', detail));
  }
  function begin(): void {
    open = true;
    clearTimeout(first);
    resolve({
      kind: 'stream',
      contentType,
      usage: () => usage,
      receivedChars: () => chars,
      pump(given) {
        piece = given;
        for (const { bytes, events } of waiting.splice(0))
          try {
            given(bytes, events);
          } catch (error) {
            refuse('wrong_shape', error instanceof Error ? error.message : String(error));
          }
        if (ended) return Promise.resolve(ended.fault);
        return new Promise((settle) => {
          tellEnd = settle;
        });
      },
      pause() {
        paused = true;
        exchange?.pause();
      },
      resume() {
        paused = false;
        idle?.refresh();
        exchange?.resume();
      },
    });
  }

  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  if (ended) return promise;

  exchange = pool.send(
    {
      origin: provider.origin,
      path: provider.base + provider.family.path(api),
      method: 'POST',
      headers: input.headers,
      body: input.body,
    },
    {
      head(given, headers) {
        if (ended) return;
        alive();
        status = given;
        contentType = one(headers['content-type']) ?? '';
        const verdict = judgeStatus(status, one(headers['retry-after']), clock.now());
        if (verdict === 'caller') mode = 'refusal';
        else if (verdict !== 'ok') {
          fail(verdict);
          exchange?.abort(new OutboundError('protocol', verdict.detail));
        } else if (stream && contentType.includes('text/event-stream')) mode = 'stream';
        else mode = 'whole';
      },
      data(chunk) {
        if (ended) return;
        alive();
        if (mode === 'stream') {
          try {
            const bytes = cutter.take(chunk);
            if (bytes) see(bytes);
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            cut('too_large', error.message);
          }
          return;
        }
        size += chunk.length;
        if (size > (mode === 'refusal' ? MAX_REFUSAL : MAX_ANSWER)) return cut('too_large', 'the answer is too large');
        chunks.push(chunk);
      },
      end() {
        if (ended) return;
        if (mode === 'stream') return endOfStream();
        const [only] = chunks;
        const bytes = chunks.length === 1 && only ? only : Buffer.concat(chunks);
        if (mode === 'refusal') {
          finish();
          return resolve({ kind: 'caller', status, contentType, bytes });
        }
        const whole = readWhole(bytes, contentType, stream, api);
        ({ usage } = whole);
        if ('fault' in whole) return fail(whole.fault);
        const told = input.translate
          ? translated(whole.body, input.translate)
          : { contentType, bytes, body: whole.body };
        if ('reason' in told) return fail(told);
        finish();
        resolve({ kind: 'whole', ...told, usage });
      },
      fail(error) {
        fail(faultOf(error));
      },
    },
  );

  function endOfStream(): void {
    // The last event may lack the empty line behind it.
    const rest = cutter.rest();
    if (rest.toString('latin1').trim() !== '') see(Buffer.concat([rest, Buffer.from('\n\n')]));
    if (ended) return;
    if (!sawEvent) fail({ reason: 'empty', detail: 'the stream held nothing' });
    else if (!done) fail({ reason: 'truncated', detail: 'the stream ended before its end' });
    else finish();
  }
  return promise;
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** What an answer is to the caller. Providers write what they like: whatever cannot be translated or written is a fault of theirs. */
function translated(
  body: Json,
  translate: (body: Json) => Json,
): { contentType: string; bytes: Buffer; body: Json } | Fault {
  try {
    const told = translate(body);
    return { contentType: 'application/json', bytes: Buffer.from(JSON.stringify(told)), body: told };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { reason: 'wrong_shape', detail: `the answer cannot be translated: ${why}` };
  }
}

function readWhole(
  bytes: Buffer,
  contentType: string,
  stream: boolean,
  api: AiApi,
): { usage?: Usage | undefined } & ({ body: Json } | { fault: Fault }) {
  const wrong = (reason: Fault['reason'], detail: string, usage?: Usage) => ({ fault: { reason, detail }, usage });
  if (!isUtf8(bytes)) return wrong('invalid_json', 'the answer was no UTF-8');
  const text = bytes.toString('utf8').trim();
  if (text === '') return wrong('empty', 'the answer was empty');
  if (/html/i.test(contentType) || text.startsWith('<')) return wrong('not_json', 'the answer was a page');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return wrong('invalid_json', 'the answer was no valid JSON');
  }
  if (!isObject(body)) return wrong('wrong_shape', 'the answer was no object');
  const usage = APIS[api].usage(body);
  if (!APIS[api].isAnswer(body))
    return 'error' in body && body.error !== null
      ? wrong('error_in_body', 'the answer was an error under a good status', usage)
      : wrong('wrong_shape', 'the answer held no answer', usage);
  if (stream) return wrong('wrong_shape', 'a stream was asked for, and none came', usage);
  return { body, usage };
}
