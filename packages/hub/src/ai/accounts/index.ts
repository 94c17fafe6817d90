import type { AiForecast } from '@orrery/protocol';
import type { Registry } from 'prom-client';
import { type AuditEntry, authorize, type Caller } from '../../access/index.ts';
import type { Annotator } from '../../platform/annotate.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Db, DbKind } from '../../platform/db.ts';
import { defineJob, type JobDefinition } from '../../platform/jobs.ts';
import type { Kafka } from '../../platform/kafka.ts';
import type { Log } from '../../platform/log.ts';
import type { Outbound } from '../../platform/outbound.ts';
import type { Secrets } from '../../platform/secrets.ts';
import { createLedger } from './accounts.ts';
import { createBudgetBook } from './budgetBook.ts';
import { budgetUses, expireCounters, listBudgets } from './budgets.ts';
import { createCache } from './cache.ts';
import { type CallFilter, getCall, listCalls } from './calls.ts';
import { createContents } from './contents.ts';
import { expireCalls } from './expire.ts';
import { forecast } from './forecast.ts';
import { createGuardrail } from './guardrail/guardrail.ts';
import { windowOf } from './limits.ts';
import { createCallMetrics } from './metrics.ts';
import { createCalm, markOf, type Notice, noticesOf } from './notices.ts';
import { createPrices } from './prices.ts';
import { hubsWithCalls } from './recover.ts';
import { DAY, rollUp } from './rollup.ts';
import type { AccountsConfig } from './settings.ts';
import { createSpendWatch } from './spend.ts';
import { type UsageQuery, usage } from './usage.ts';

export { patternProblem } from './guardrail/guardrail.ts';
export { accountRoutes } from './routes.ts';
export type { AccountsConfig } from './settings.ts';

export type AccountsDeps = {
  db: Db;
  kind: DbKind;
  clock: Clock;
  log: Log;
  outbound: Outbound;
  kafka: Kafka;
  secrets: Secrets;
  /** This hub, as the others know it. */
  hub: string;
  /** The hubs that live, this one included. */
  living: () => readonly string[];
  config: () => AccountsConfig;
  /** Marks what happens in Grafana, where there is one. */
  annotator: Pick<Annotator, 'enabled' | 'hand'>;
  appendEvents(
    trx: Db,
    events: readonly { id?: string; at: number; type: string; project?: string; title: string; data?: unknown }[],
  ): Promise<unknown>;
  audit(trx: Db, entry: AuditEntry): Promise<void>;
  registry: Registry;
  /** Events were written. */
  onEvents(): void;
  /** Marks wait. */
  onMarks(): void;
};
export type AiAccounts = ReturnType<typeof createAccounts>;

const TOLD_AGAIN_MS = 10_000;
const MINUTE = 60_000;

/** Ledger, budgets, limits, cache and guardrails of AI calls, and what is told of them. */
export function createAccounts(deps: AccountsDeps) {
  const { db, clock, log, config, annotator } = deps;
  const book = createBudgetBook({ db, clock, config, audit: deps.audit });
  const spend = createSpendWatch(db);
  const calm = createCalm(TOLD_AGAIN_MS, clock.monotonic);
  const prices = createPrices(() => config().prices);
  const ledger = createLedger({
    ...deps,
    budgets: book,
    prices,
    onSettled(call, outcome, row) {
      const now = clock.now();
      measure(row);
      const unusual = spend.see(row.tenant, row.cost_nano ?? 0, now);
      const notices = [...noticesOf(call, outcome, row, config().slowerThanMs), ...(unusual ? [unusual] : [])]
        .map(calm)
        .filter((notice) => notice !== undefined);
      if (notices.length === 0) return undefined;
      return {
        write: (trx) => tell(trx, notices, row.project ?? undefined, now),
        after() {
          deps.onEvents();
          if (annotator.enabled) deps.onMarks();
        },
      };
    },
  });
  const measure = createCallMetrics(deps.registry, ledger.measures);

  const contents = createContents({ ...deps, config: () => config().content });

  async function tell(trx: Db, notices: readonly Notice[], project: string | undefined, at: number): Promise<void> {
    await deps.appendEvents(
      trx,
      notices.map(({ kind, subject, title, data }) => ({
        ...(kind === 'spend-anomaly' ? { id: `ai-spend-${subject.replaceAll(' ', '-')}` } : {}),
        ...(project === undefined ? {} : { project }),
        ...{ at, type: `ai.${kind}`, title, data },
      })),
    );
    for (const notice of notices) await annotator.hand(trx, markOf(notice), at);
  }

  const missingSince = new Map<string, number>();
  /** Calls of hubs that have died. One that others share a database with is believed to be dead when it was missing for a minute. */
  async function settleLeft(): Promise<void> {
    const living = new Set([...deps.living(), deps.hub]);
    const now = clock.monotonic();
    const missing = (await hubsWithCalls(db)).filter((hub) => !living.has(hub));
    for (const hub of missingSince.keys()) if (!missing.includes(hub)) missingSince.delete(hub);
    for (const hub of missing) if (!missingSince.has(hub)) missingSince.set(hub, now);
    const dead = missing.filter((hub) => deps.kind === 'sqlite' || now - (missingSince.get(hub) ?? now) >= MINUTE);
    const settled = await ledger.recover(dead);
    if (settled > 0)
      log.warn({ calls: settled }, 'calls of a hub that had ended were settled with what was set aside for them');
  }

  async function monthForecast(caller: Caller): Promise<AiForecast> {
    authorize(caller, 'ops:view');
    const now = clock.now();
    const today = now - (now % DAY);
    const month = windowOf('month', now).start;
    const of = (from: number, to: number) => usage(db, caller, { from, to, by: 'provider' });
    const [past, soFar, todayUse] = [await of(today - 28 * DAY, today), await of(month, now), await of(today, now)];
    const spent = new Map(past.series.map(({ at, costUsd }) => [Date.parse(at), costUsd]));
    const first = Math.min(...spent.keys(), today);
    const days = [];
    for (let at = first; at < today; at += DAY) days.push({ at, usd: spent.get(at) ?? 0 });
    return forecast(days, soFar.total.costUsd, todayUse.total.costUsd, now);
  }

  const jobs: JobDefinition[] = [
    defineJob({
      name: 'ai.accounts',
      agent: 'Hub',
      schedule: { everyMs: MINUTE },
      timeoutMs: 5 * MINUTE,
      async run({ signal }) {
        await settleLeft();
        await rollUp(db, clock.now(), signal);
        await spend.learn(clock.now());
      },
    }),
  ];

  return {
    /** The seams that the gateway calls. */
    ledger,
    cache: createCache({ clock, config: () => config().cache }),
    contents,
    guardrail: createGuardrail(() => config().redact),
    jobs,
    /** US dollars for so many tokens of a provider's model; null when nobody knows a price. */
    priceOf(provider: string, model: string, tokens: { input: number; output: number }): number | null {
      const cost = prices.cost(
        provider,
        model,
        false,
        { inputTokens: tokens.input, outputTokens: tokens.output },
        clock.now(),
      );
      return cost === undefined ? null : cost.nano / 1e9;
    },
    /** Before the first call is let in: settles what was left when the hub ended. */
    start: settleLeft,
    stop: ledger.stop,
    usage: (caller: Caller, query: UsageQuery) => usage(db, caller, query),
    calls: (caller: Caller, filter: CallFilter) => listCalls(db, caller, filter),
    call: (caller: Caller, id: string) => getCall(db, caller, id),
    forecast: monthForecast,
    budgets: {
      list: (caller: Caller) => listBudgets(db, book, caller, clock.now()),
      put: book.put,
      remove: book.remove,
      /** How far each budget is used, for detection. */
      async facts() {
        const uses = await budgetUses(db, book, clock.now());
        return uses.map(({ declaration: { name, per }, each, start, end, share, refused }) => ({
          ...{ name, per, each, start, end, share, refused },
        }));
      },
    },
    async expire(): Promise<void> {
      const now = clock.now();
      await expireCalls(db, config().retention, now);
      await expireCounters(db, now);
      await contents.expire();
    },
  };
}
