import type { Clock } from '../../platform/clock.ts';
import type { Db, DbKind } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import type { Kafka } from '../../platform/kafka.ts';
import type { Log } from '../../platform/log.ts';
import { isOutage } from '../../platform/outage.ts';
import type { Accounts, Admission, CallFacts, CallOutcome, Candidate } from '../types.ts';
import type { BudgetBook } from './budgetBook.ts';
import { createCounters } from './counters.ts';
import { createJournal, type Settlement } from './journal.ts';
import { type Amount, type Applied, applying } from './limits.ts';
import { createPlaces } from './places.ts';
import { forbids, permitted } from './policy.ts';
import type { Prices } from './prices.ts';
import { callRow, counted, inAll, type KnownFacts, knownFacts } from './record.ts';
import { recover } from './recover.ts';
import type { AccountsConfig } from './settings.ts';
import type { CallRow } from './tables.ts';

type Open = {
  facts: KnownFacts;
  applied: readonly Applied[];
  held: Amount;
  candidates: readonly Candidate[];
  release(): void;
};
/** What else a call that has ended gives rise to: `write` in the transaction of its row, `after` once that is committed. */
export type OnSettled = (
  call: CallFacts,
  outcome: CallOutcome,
  row: CallRow,
) => { write(trx: Db): Promise<void>; after(): void } | undefined;

/** How soon a ledger that could not be written is tried again. */
const AGAIN_MS = 500;

export type Ledger = Accounts & {
  /** Settles what these hubs, which are no more, have left. */
  recover(dead: readonly string[]): Promise<number>;
  measures(): { open: number; waiting: number; unwritten: number };
  stop(): Promise<void>;
};

/** Budgets, limits, ledger and audit of every call. */
export function createLedger(deps: {
  db: Db;
  kind: DbKind;
  clock: Clock;
  log: Log;
  kafka: Kafka;
  /** Which hub this is; its calls are settled by others when it is no more. */
  hub: string;
  config: () => AccountsConfig;
  budgets: BudgetBook;
  prices: Prices;
  onSettled?: OnSettled;
}): Ledger {
  const { db, clock, log, prices, budgets } = deps;
  const journal = createJournal({
    db,
    kind: deps.kind,
    hub: deps.hub,
    counters: createCounters(deps.kind),
    kafka: deps.kafka,
  });
  const places = createPlaces(() => deps.config().concurrency);
  const open = new Map<string, Open>();
  const unwritten = new Set<() => Promise<void>>();
  let again: NodeJS.Timeout | undefined;

  const queueOf = (call: CallFacts) => call.key ?? call.tenant ?? '';

  function sizeOf(call: CallFacts, candidates: readonly Candidate[]): Amount {
    const { inputTokens, maxOutputTokens } = call.estimate;
    return {
      requests: 1,
      tokens: inputTokens + maxOutputTokens,
      nano: prices.dearest(candidates, call.estimate, call.at),
    };
  }

  function refusal(call: CallFacts, facts: KnownFacts, status: number, reason: string): CallRow {
    const outcome = {
      outcome: 'refused',
      status,
      latencyMs: Math.max(0, clock.now() - call.at),
      overheadMs: 0,
    } as const;
    const nothing = { inputTokens: 0, outputTokens: 0, estimated: false };
    return callRow(facts, { ...outcome, failovers: [], decision: null, error: reason }, nothing, {
      nano: 0,
      source: 'refused',
    });
  }

  async function refuse(call: CallFacts, facts: KnownFacts, why: Exclude<Admission, { ok: true }>): Promise<Admission> {
    const row = refusal(call, facts, why.status, why.reason);
    const nothing = { requests: 0, tokens: 0, nano: 0 };
    await journal.settle(queueOf(call), { row, places: [], held: nothing, used: nothing, wasOpen: false });
    return why;
  }

  async function admit(call: CallFacts, fitting: readonly Candidate[], signal?: AbortSignal): Promise<Admission> {
    try {
      return await judged(call, fitting, signal);
    } catch (error) {
      // A refusal is written too, and so waits for the ledger as what is let in does.
      if (!isOutage(error)) throw error;
      throw new HubError('unavailable', 'The ledger cannot be written just now, and no call is made without it.', {
        retryAfter: 1,
      });
    }
  }

  async function judged(call: CallFacts, fitting: readonly Candidate[], signal?: AbortSignal): Promise<Admission> {
    const facts = knownFacts(call);
    const { policy } = deps.config();
    const candidates = permitted(policy, call, fitting);
    const forbidden = forbids(policy, call, candidates);
    if (forbidden) return refuse(call, facts, { ok: false, ...forbidden });
    const only = candidates.length < fitting.length ? { only: candidates } : {};
    const place = await places.take(call, signal);
    if (!place.ok) return refuse(call, facts, { ...place, status: 429 });
    try {
      const applied = applying(await budgets.current(), call, clock.now());
      const local = candidates.filter((one) => one.local);
      const granted = await journal.ask(queueOf(call), {
        facts,
        applied,
        size: sizeOf(call, candidates),
        local: local.length > 0 ? sizeOf(call, local) : undefined,
        refused: ({ budget }) =>
          refusal(call, facts, budget.per === 'minute' ? 429 : 402, `over budget "${budget.name}"`),
      });
      if (granted.kind === 'over') {
        place.release();
        return overBudget(granted, clock.now());
      }
      open.set(call.id, { facts, applied, held: granted.held, candidates, release: place.release });
      return { ok: true, ...(granted.localOnly ? { localOnly: true } : {}), ...only };
    } catch (error) {
      place.release();
      throw error;
    }
  }

  async function settle(call: CallFacts, outcome: CallOutcome): Promise<number | null> {
    const known = open.get(call.id);
    open.delete(call.id);
    known?.release();
    const facts = known?.facts ?? knownFacts(call);
    const candidates = known?.candidates ?? [];
    const served = counted(call.estimate, outcome);
    const lost = (outcome.lost ?? []).map((one) => ({
      ...one,
      cost: prices.cost(one.provider, one.model, isLocal(candidates, one.provider), one.usage, call.at),
    }));
    const { usage, cost } = inAll({ usage: served, cost: costOf(call, outcome, candidates, served) }, lost);
    const row = callRow(facts, outcome, usage, cost);
    const settlement: Settlement = {
      row,
      places: known?.applied ?? [],
      held: known?.held ?? { requests: 0, tokens: 0, nano: 0 },
      used: { requests: 1, tokens: row.input_tokens + row.output_tokens, nano: row.cost_nano ?? 0 },
      wasOpen: known !== undefined,
    };
    const more = deps.onSettled?.(call, outcome, row);
    const write = async () => {
      await journal.settle(queueOf(call), settlement, more?.write);
      more?.after();
    };
    try {
      await write();
    } catch (error) {
      if (!isOutage(error)) throw error;
      // Its intent is stored, so it is audited whatever happens; how it ended waits here for the database.
      if (unwritten.size === 0)
        log.warn({ err: error }, 'the ledger cannot be written; what has ended waits in memory');
      unwritten.add(write);
      again ??= setInterval(() => void writeAgain(), AGAIN_MS).unref();
    }
    return row.cost_nano;
  }

  function costOf(
    call: CallFacts,
    outcome: CallOutcome,
    candidates: readonly Candidate[],
    usage: ReturnType<typeof counted>,
  ) {
    if (outcome.cached) return { nano: 0, source: 'cache' };
    const { provider, model } = outcome;
    if (usage.inputTokens === 0 && usage.outputTokens === 0) return { nano: 0, source: 'unused' };
    // The caller left before anybody is known to have answered: whoever was asked has read the prompt.
    if (provider === undefined && outcome.outcome === 'cancelled') {
      const prompt = { inputTokens: usage.inputTokens, maxOutputTokens: 0 };
      return { nano: prices.dearest(candidates, prompt, call.at), source: 'estimate' };
    }
    if (provider === undefined || model === undefined) return undefined;
    return prices.cost(provider, model, isLocal(candidates, provider), usage, call.at);
  }

  let writing: Promise<void> | undefined;
  function writeAgain(): Promise<void> {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  async function writeAll(): Promise<void> {
    // Those that come meanwhile are at the end of the set, and are reached too.
    for (const write of unwritten) {
      try {
        await write();
      } catch (error) {
        if (isOutage(error)) return;
        log.error(
          { err: error },
          'a call could not be settled; it is when the hub starts again, with what was set aside for it',
        );
      }
      unwritten.delete(write);
    }
    clearInterval(again);
    again = undefined;
  }

  return {
    admit,
    settle,
    recover: (dead) => recover(db, journal, dead, clock.now()),
    measures: () => ({ open: open.size, waiting: places.waiting(), unwritten: unwritten.size }),
    async stop() {
      clearInterval(again);
      await writeAgain();
    },
  };
}

const isLocal = (candidates: readonly Candidate[], provider: string): boolean =>
  candidates.find((one) => one.provider === provider)?.local ?? false;

const WHAT = { requests: 'requests', tokens: 'tokens', nano: 'US dollars' } as const;

function overBudget(over: { budget: Applied['budget']; what: keyof Amount; end: number }, now: number): Admission {
  const { budget, what, end } = over;
  const limit = budget.limits[what] ?? 0;
  const detail = `The budget "${budget.name}" allows ${what === 'nano' ? limit / 1e9 : limit} ${WHAT[what]} a ${budget.per}, and this call could go beyond it.`;
  const retryAfterMs = Math.max(1, end - now);
  if (budget.per === 'minute') return { ok: false, reason: 'rate_limit', detail, retryAfterMs, status: 429 };
  return { ok: false, reason: 'over_budget', detail, retryAfterMs, status: 402 };
}
