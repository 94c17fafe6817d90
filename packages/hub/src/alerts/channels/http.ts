import { type Outbound, OutboundError } from '../../platform/outbound.ts';
import { retryAfter } from '../backoff.ts';
import type { SendContext, SendOutcome } from './channel.ts';

const MAX_ANSWER_BYTES = 1024;

type Post = { url: string; headers: Record<string, string>; body: string; wording?: (answer: string) => string };

/** Posts a notification and reads the outcome from the status. What the receiver says in its body is never passed on as it is. */
export async function post({ outbound, timeoutMs, now, signal }: SendContext, request: Post): Promise<SendOutcome> {
  let answer: Awaited<ReturnType<Outbound['request']>>;
  try {
    answer = await outbound.request({
      url: request.url,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'Orrery', ...request.headers },
      body: request.body,
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      oversize: 'truncate',
      signal,
    });
  } catch (error) {
    return failed(error);
  }
  const { status } = answer;
  const detail = `HTTP ${status}${request.wording?.(answer.body.toString('utf8')) ?? ''}`;
  if (status >= 200 && status < 300)
    return { kind: 'delivered', detail: `${detail} in ${Math.round(answer.latencyMs)} ms` };
  if (status === 410) return { kind: 'gone', detail: `${detail}: the receiver is gone for good` };
  if (status >= 300 && status < 400)
    return { kind: 'refused', detail: `${detail}: redirects are not followed; declare the final address` };
  if (status < 500 && status !== 408 && status !== 425 && status !== 429) return { kind: 'refused', detail };
  const wait = retryAfter(answer.headers['retry-after'], now);
  return {
    kind: 'unavailable',
    detail,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    mayHaveArrived: false,
  };
}

/** After these the request may have been read before the exchange broke. */
const MAYBE: ReadonlySet<OutboundError['kind']> = new Set(['timeout', 'reset', 'protocol', 'too_large']);

function failed(error: unknown): SendOutcome {
  if (!(error instanceof OutboundError)) throw error;
  if (error.kind === 'stopped') return { kind: 'stopped', detail: error.message };
  // The message of an OutboundError is ours; nothing in it comes from the other side.
  if (error.kind === 'forbidden_address') return { kind: 'refused', detail: error.message };
  return { kind: 'unavailable', detail: error.message, mayHaveArrived: MAYBE.has(error.kind) };
}
