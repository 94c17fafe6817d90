import { type Outbound, OutboundError, type OutboundRequest } from '../../platform/outbound.ts';
import { retryAfter } from '../backoff.ts';
import type { SendContext, SendOutcome } from './channel.ts';

const MAX_ANSWER_BYTES = 1024;

export type HttpMessage = {
  url: string;
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  headers: Record<string, string>;
  body?: string;
  tls?: OutboundRequest['tls'];
  /** How much of the answer is read; 1 KiB unless said otherwise. */
  maxBytes?: number;
  /** What may be said of an answer that is no success; made of our own words only. */
  wording?: (answer: string) => string;
};
type Answer = Awaited<ReturnType<Outbound['request']>>;

/** Posts a notification and reads the outcome from the status. What the receiver says in its body is never passed on as it is. */
export async function post(context: SendContext, message: HttpMessage): Promise<SendOutcome> {
  return (await exchange(context, message)).outcome;
}

/** One exchange with its outcome; the answer is there when it was a success and came in whole. */
export async function exchange(
  { outbound, timeoutMs, now, signal }: SendContext,
  { url, method = 'POST', headers, body, tls, maxBytes = MAX_ANSWER_BYTES, wording }: HttpMessage,
): Promise<{ outcome: SendOutcome; answer?: Answer }> {
  let answer: Answer;
  try {
    answer = await outbound.request({
      url,
      method,
      headers: { 'content-type': 'application/json', 'user-agent': 'Orrery', ...headers },
      ...(body === undefined ? {} : { body }),
      ...(tls === undefined ? {} : { tls }),
      timeoutMs,
      maxBytes,
      oversize: 'truncate',
      signal,
    });
  } catch (error) {
    return { outcome: failed(error) };
  }
  const { status } = answer;
  const detail = `HTTP ${status}${wording?.(answer.body.toString('utf8')) ?? ''}`;
  if (status >= 200 && status < 300)
    return { outcome: { kind: 'delivered', detail: `${detail} in ${Math.round(answer.latencyMs)} ms` }, answer };
  if (status === 410) return { outcome: { kind: 'gone', detail: `${detail}: the receiver is gone for good` } };
  if (status >= 300 && status < 400)
    return {
      outcome: { kind: 'refused', detail: `${detail}: redirects are not followed; declare the final address` },
    };
  if (status < 500 && status !== 408 && status !== 425 && status !== 429)
    return { outcome: { kind: 'refused', detail } };
  const wait = retryAfter(answer.headers['retry-after'], now);
  return {
    outcome: {
      kind: 'unavailable',
      detail,
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
      mayHaveArrived: false,
    },
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

/** What marks a delivery for receivers that keep no ids of their own: proxies and logs show it. */
export const deliveryHeaders = ({ id, possibleRepeat }: { id: string; possibleRepeat: boolean }) => ({
  'orrery-delivery': id,
  ...(possibleRepeat ? { 'orrery-possible-repeat': 'true' } : {}),
});

/** The answer's JSON; undefined for everything else. */
export function jsonOf(answer: Answer | undefined): unknown {
  if (answer === undefined || answer.truncated) return undefined;
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch {
    return undefined;
  }
}
