import type { Socket } from 'node:net';
import { OutboundError, toOutboundError } from './error.ts';

/** One try under one deadline: it ends once, by success, failure, time or the hub's end, and takes its socket with it. */
export type Attempt<T> = {
  promise: Promise<T>;
  /** What is being waited for, told when the time is up. */
  stage: string;
  /** The connection stands, its TLS does not yet. */
  handshake: boolean;
  socket: Socket | undefined;
  settled: boolean;
  done(value: T): void;
  fail(error: unknown): void;
};

export type Limits = { timeoutMs: number; signal?: AbortSignal };

/** Begins a try. `keep`: its socket outlives its success. */
export function beginAttempt<T>(limits: Limits, running: Set<Cut>, keep = false): Attempt<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const settle = (keepsSocket: boolean) => {
    attempt.settled = true;
    clearTimeout(timer);
    running.delete(fail);
    limits.signal?.removeEventListener('abort', onAbort);
    if (!keepsSocket) attempt.socket?.destroy();
  };
  const fail = (error: unknown) => {
    if (attempt.settled) return;
    settle(false);
    reject(toOutboundError(error, attempt.handshake));
  };
  const attempt: Attempt<T> = {
    promise,
    stage: 'the name was being looked up',
    handshake: false,
    socket: undefined,
    settled: false,
    done(value) {
      if (attempt.settled) return;
      settle(keep);
      resolve(value);
    },
    fail,
  };
  const onAbort = () => fail(new OutboundError('stopped', 'the request was stopped'));
  const timer = setTimeout(() => {
    const words = `no complete answer within ${limits.timeoutMs} ms: ${attempt.stage}`;
    if (!attempt.socket) fail(new OutboundError('dns', words, 'dns_timeout'));
    else
      fail(new OutboundError('timeout', words, attempt.handshake && standing(attempt) ? 'tls_handshake' : undefined));
  }, limits.timeoutMs);
  running.add(fail);
  if (limits.signal?.aborted) onAbort();
  else limits.signal?.addEventListener('abort', onAbort, { once: true });
  return attempt;
}

/** Ends something under way, with the reason. */
export type Cut = (error: OutboundError) => void;

const standing = (attempt: Attempt<unknown>): boolean => attempt.socket?.connecting === false;
