import type { OutboundError } from '../../platform/outbound.ts';
import type { Usage } from '../types.ts';

/** Why a provider did not serve. The words never hold what it wrote: that may be anything. */
export type Fault = {
  /** A fixed word, for people, metrics and the audit row. */
  reason:
    | 'connect'
    | 'dns'
    | 'tls'
    | 'reset'
    | 'connect_timeout'
    | 'first_timeout'
    | 'idle_timeout'
    | 'total_timeout'
    | 'status'
    | 'key_refused'
    | 'not_json'
    | 'invalid_json'
    | 'wrong_shape'
    | 'empty'
    | 'error_in_body'
    | 'error_in_stream'
    | 'truncated'
    | 'too_large'
    | 'forbidden_address'
    | 'stopped';
  detail: string;
  /** The provider's own status. */
  status?: number;
  /** Until when the key is left alone, in ms from now. */
  retryAfterMs?: number;
};

/** What a provider has worked for an attempt that came to nothing: by its own word where it gave one, and the characters that came. */
export type Spent = { usage?: Usage | undefined; chars: number };

/** Faults with which the hub gives up on a provider that may be at work. */
const GIVEN_UP: ReadonlySet<Fault['reason']> = new Set(['first_timeout', 'idle_timeout', 'total_timeout', 'stopped']);
/** Faults behind which an answer has begun: a page or nothing at all is none. */
const HALF: ReadonlySet<Fault['reason']> = new Set([...GIVEN_UP, 'reset', 'invalid_json', 'too_large', 'truncated']);

/**
 * Pure: what a failed attempt is billed for, as far as anybody can know. A provider that counted is believed; one that had begun to answer,
 * or had the request and was not waited for, has read the prompt. A refusal, a page and an empty body cost nothing.
 */
export function spentOf(
  fault: Fault,
  seen: { asked: boolean; answering: boolean; usage: Usage | undefined; chars: number },
): Spent | undefined {
  const { asked, answering, usage, chars } = seen;
  if (usage) return { usage, chars };
  if (answering && chars > 0 && HALF.has(fault.reason)) return { chars };
  return asked && GIVEN_UP.has(fault.reason) ? { chars: 0 } : undefined;
}

/** Statuses after which another provider may do better, as after those about the hub's own key or account: the rest is the caller's fault. */
const PASSING = new Set([408, 409, 425, 429]);
const MAX_REST_MS = 10 * 60_000;

/** What a status says: `ok`, `caller` (returned as it is), or a fault of the provider. */
export function judgeStatus(status: number, retryAfter: string | undefined, now: number): 'ok' | 'caller' | Fault {
  if (status >= 200 && status < 300) return 'ok';
  if (status === 401 || status === 402 || status === 403)
    return { reason: 'key_refused', status, detail: `the provider refused the hub's key (${status})` };
  if (status >= 400 && status < 500 && !PASSING.has(status)) return 'caller';
  const rest = restOf(retryAfter, now);
  return {
    reason: 'status',
    status,
    detail: `the provider answered ${status}`,
    ...(rest === undefined ? {} : { retryAfterMs: rest }),
  };
}

/** Retry-After in milliseconds: seconds or a date, at most ten minutes. */
export function restOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, MAX_REST_MS) : undefined;
}

const KINDS: Readonly<Record<string, Fault['reason']>> = {
  refused: 'connect',
  dns: 'dns',
  tls: 'tls',
  reset: 'reset',
  timeout: 'connect_timeout',
  forbidden_address: 'forbidden_address',
  stopped: 'stopped',
};

/** What went wrong on the way to the provider. */
export const faultOf = (error: OutboundError): Fault => ({
  reason: KINDS[error.kind] ?? 'reset',
  detail: error.message,
});

/** In a few words: `status 529`, `first_timeout`. */
export const wordsOf = (fault: Fault): string =>
  fault.status === undefined ? fault.reason : `${fault.reason} ${fault.status}`;

/** The status that a caller gets when no provider is left. */
export function statusOfLast(faults: readonly Fault[]): number {
  const last = faults.at(-1);
  if (last === undefined) return 503;
  if (faults.every(({ status }) => status === 429)) return 429;
  if (faults.every(({ status }) => status === 503 || status === 529 || status === 429)) return 503;
  return last.reason.endsWith('timeout') ? 504 : 502;
}
