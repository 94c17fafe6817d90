import type { Clock } from '../../platform/clock.ts';
import { OutboundError, type Pool } from '../../platform/outbound.ts';
import { type Book, type Provider, pickKey } from '../providers/book.ts';
import { FaultError, type ProviderKey } from '../providers/keys.ts';
import type { Chosen } from '../routing/decide.ts';
import type { Guardrail } from '../types.ts';
import { answersAsked } from '../wire/request.ts';
import { attempt, type Opened } from './attempt.ts';
import { type Fault, faultOf, wordsOf } from './fault.ts';
import { outgoing } from './outgoing.ts';
import type { Watch } from './overhead.ts';
import type { Prepared } from './prepare.ts';

export type Failover = { provider: string; reason: string };
export type Served = { opened: Opened; chosen: Chosen; provider: Provider; key: ProviderKey };
export type Sought =
  | ({ ok: true; failovers: Failover[]; release(): void } & Served)
  | { ok: false; failovers: Failover[]; faults: Fault[]; refusal?: { reason: string; field?: string } };
export type SeekDeps = {
  book: Book;
  pool: Pool;
  clock: Clock;
  guardrail: Guardrail | undefined;
  hedgeAfterMs(): number | undefined;
};

/**
 * Asks one provider after another until one has content for the caller. What is the caller's own fault ends the search; so does the
 * caller's leaving. With hedging the next is asked as well while the first is silent, and the first with content wins.
 */
export async function seek(
  deps: SeekDeps,
  call: Prepared,
  candidates: readonly Chosen[],
  watch: Watch,
  signal: AbortSignal,
): Promise<Sought> {
  const failovers: Failover[] = [];
  const faults: Fault[] = [];
  let refusal: { reason: string; field?: string } | undefined;
  const note = (chosen: Chosen, fault: Fault) => {
    faults.push(fault);
    failovers.push({ provider: chosen.provider, reason: wordsOf(fault) });
  };
  const waiting = [...candidates];
  const started = deps.clock.monotonic();
  const left = () =>
    call.deadlineMs === undefined ? undefined : Math.max(1, call.deadlineMs - (deps.clock.monotonic() - started));

  /** The next candidate that can be asked at all, under way. */
  function launch(): Running | undefined {
    for (let chosen = waiting.shift(); chosen; chosen = waiting.shift()) {
      const provider = deps.book.find(chosen.provider);
      const key = provider && pickKey(provider);
      if (!provider || !key) {
        note(chosen, { reason: 'stopped', detail: 'it rests' });
        continue;
      }
      const request = outgoing(call, chosen, provider, key, deps.guardrail);
      if (!request.ok) {
        refusal ??= { reason: request.reason, ...(request.field === undefined ? {} : { field: request.field }) };
        failovers.push({ provider: chosen.provider, reason: request.why });
        continue;
      }
      return run(deps, call, { chosen, provider, key }, request, left(), signal);
    }
    return undefined;
  }

  const running = new Set<Running>();
  const begin = () => {
    const one = launch();
    if (one) running.add(one);
    return one !== undefined;
  };
  begin();
  while (running.size > 0) {
    const waited = watch.wait();
    const hedge = running.size === 1 && waiting.length > 0 ? deps.hedgeAfterMs() : undefined;
    const first = await firstOf(running, hedge);
    waited();
    if (first === undefined) {
      begin();
      continue;
    }
    running.delete(first.one);
    if ('opened' in first) {
      for (const other of running) other.cancel();
      const { chosen, provider, key } = first.one;
      return { ok: true, failovers, opened: first.opened, chosen, provider, key, release: first.one.release };
    }
    first.one.release();
    note(first.one.chosen, first.fault);
    if (signal.aborted) break;
    const late = left();
    if (running.size === 0 && (late === undefined || late > 1)) begin();
  }
  for (const other of running) other.cancel();
  return { ok: false, failovers, faults, ...(refusal ? { refusal } : {}) };
}

type Running = Omit<Served, 'opened'> & {
  result: Promise<{ opened: Opened } | { fault: Fault }>;
  release(): void;
  cancel(): void;
};

function run(
  deps: SeekDeps,
  call: Prepared,
  served: Omit<Served, 'opened'>,
  request: { headers: Record<string, string>; body: Buffer | string },
  totalMs: number | undefined,
  signal: AbortSignal,
): Running {
  const { provider, key, chosen } = served;
  const own = new AbortController();
  const onAbort = () => own.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  const { stats } = provider;
  stats.begin();
  key.inFlight += 1;
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    stats.end();
    key.inFlight -= 1;
    signal.removeEventListener('abort', onAbort);
  };
  const from = deps.clock.monotonic();
  const { stream } = call.facts;
  const answers = answersAsked(call.body);
  const { pool, clock } = deps;
  if (signal.aborted) own.abort();
  const result = key
    .guard(() =>
      attempt({ pool, clock, provider, api: chosen.api, stream, answers, ...request, totalMs, signal: own.signal }),
    )
    .then(
      (opened) => {
        if (opened.kind !== 'caller') stats.succeeded(deps.clock.monotonic() - from);
        return { opened };
      },
      (error: unknown) => {
        const fault = error instanceof FaultError ? error.fault : faultOf(asOutbound(error));
        if (fault.reason !== 'stopped') stats.failed(wordsOf(fault));
        return { fault };
      },
    );
  return {
    ...served,
    result,
    release,
    cancel() {
      own.abort();
      void result.then(release);
    },
  };
}

const asOutbound = (error: unknown): OutboundError =>
  error instanceof OutboundError ? error : new OutboundError('protocol', 'the exchange failed');

type First = { one: Running } & ({ opened: Opened } | { fault: Fault });

/** The first of them that ends, or undefined when none has after the time to hedge. */
async function firstOf(running: ReadonlySet<Running>, hedgeMs: number | undefined): Promise<First | undefined> {
  const results: Promise<First | undefined>[] = [...running].map((one) =>
    one.result.then((result): First => ({ one, ...result })),
  );
  if (hedgeMs === undefined) return Promise.race(results);
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, hedgeMs, undefined);
  });
  return Promise.race([...results, silence]).finally(() => clearTimeout(timer));
}
