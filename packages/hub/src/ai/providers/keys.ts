import { createRequire } from 'node:module';
import type { CircuitBreakerPolicy } from 'cockatiel';
import type { Clock } from '../../platform/clock.ts';
import type { Fault, Spent } from '../calls/fault.ts';

/** Read with the first key: a hub that declares no provider needs no breaker. */
const breakers = (): typeof import('cockatiel') => createRequire(import.meta.url)('cockatiel');

/** A fault as it is thrown: cockatiel counts what is thrown. */
export class FaultError extends Error {
  readonly fault: Fault;
  /** What the provider will bill all the same. */
  readonly spent: Spent | undefined;
  constructor(fault: Fault, spent?: Spent) {
    super(fault.detail);
    this.name = 'FaultError';
    this.fault = fault;
    this.spent = spent;
  }
}

export type KeyState = 'closed' | 'open' | 'half-open';
/** One of a provider's keys, with its own breaker: one key may be out of quota while another is not. */
export type ProviderKey = {
  readonly id: string;
  readonly secret: string | undefined;
  readonly weight: number;
  inFlight: number;
  state(): KeyState;
  /** When it may be used again, in ms from now; 0 now. */
  restMs(): number;
  /** Runs the work unless the breaker is open; what it throws as a FaultError counts. */
  guard<T>(work: () => Promise<T>): Promise<T>;
  /** Counts a failure that came after `guard` had succeeded: a stream that was cut. */
  fail(fault: Fault): void;
  /** What another hub saw: the key is left alone until then. */
  rest(untilMs: number): void;
};

/** `failures`: how many it takes at least; of twice as many calls, more than two fifths must have failed. */
export type BreakerOptions = { failures: number; restMs: number };
const SHARE = 0.4;
/** How long a key is left alone that the provider refused. */
const REFUSED_MS = 60_000;
/** A limit of the provider's without a Retry-After. */
const LIMITED_MS = 1000;

/** `onChange` is told when a key is to be left alone, and until when (epoch ms; 0 for one that is well again). */
export function createKey(
  given: { id: string; secret: string | undefined; weight: number },
  options: BreakerOptions & { clock: Clock; onChange(until: number): void },
): ProviderKey {
  const { clock } = options;
  const { circuitBreaker, CircuitState, CountBreaker, handleWhen, isBrokenCircuitError } = breakers();
  let restsUntil = 0;
  let openedAt: number | undefined;
  const counts = (fault: Fault) => fault.reason !== 'stopped' && fault.status !== 429 && fault.reason !== 'key_refused';
  const breaker: CircuitBreakerPolicy = circuitBreaker(
    handleWhen((error) => error instanceof FaultError && counts(error.fault)),
    {
      halfOpenAfter: options.restMs,
      // A stream that begins well and is cut counts as both: a provider that cuts every one of them is left alone too.
      breaker: new CountBreaker({
        threshold: SHARE,
        size: 2 * options.failures,
        minimumNumberOfCalls: options.failures,
      }),
    },
  );
  breaker.onBreak(() => {
    openedAt = clock.now();
    options.onChange(openedAt + options.restMs);
  });
  breaker.onReset(() => {
    openedAt = undefined;
    options.onChange(0);
  });
  const rest = (until: number) => {
    restsUntil = Math.max(restsUntil, until);
  };
  const note = (fault: Fault) => {
    const now = clock.now();
    if (fault.reason === 'key_refused') rest(now + REFUSED_MS);
    else if (fault.retryAfterMs !== undefined) rest(now + fault.retryAfterMs);
    else if (fault.status === 429) rest(now + LIMITED_MS);
    else return;
    options.onChange(restsUntil);
  };
  const key: ProviderKey = {
    ...given,
    inFlight: 0,
    state() {
      if (breaker.state === CircuitState.HalfOpen) return 'half-open';
      if (breaker.state !== CircuitState.Open) return 'closed';
      return clock.now() - (openedAt ?? 0) >= options.restMs ? 'half-open' : 'open';
    },
    restMs() {
      const open = breaker.state === CircuitState.Open ? (openedAt ?? 0) + options.restMs : 0;
      return Math.max(0, Math.max(open, restsUntil) - clock.now());
    },
    async guard(work) {
      try {
        return await breaker.execute(work);
      } catch (error) {
        if (error instanceof FaultError) note(error.fault);
        if (isBrokenCircuitError(error))
          throw new FaultError({ reason: 'stopped', detail: 'its breaker is open', retryAfterMs: key.restMs() });
        throw error;
      }
    },
    fail(fault) {
      void breaker.execute(() => Promise.reject(new FaultError(fault))).catch(() => undefined);
      note(fault);
    },
    rest,
  };
  return key;
}
