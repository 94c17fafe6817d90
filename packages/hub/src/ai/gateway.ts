import type { Caller } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Route } from '../platform/http/route.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { Tracer } from '../platform/tracing.ts';
import type { AiAccounts } from './accounts/index.ts';
import { type AiConfig, createAi, type Task } from './ai.ts';
import { createLeads, type LeadEvent } from './leads/leads.ts';
import { type Tally, tell } from './orchestrate/ask.ts';
import { aiRoutes } from './routes.ts';

export type GatewayDeps = {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Outbound;
  hubId: string;
  config(): AiConfig;
  accounts: Pick<AiAccounts, 'ledger' | 'cache' | 'contents' | 'guardrail' | 'priceOf'>;
  appendEvents(trx: Db, events: readonly LeadEvent[]): Promise<number>;
  tracer: Tracer;
};

/** The gateway with its routes: calls, tasks and leads, on the accounts that it is given. */
export function openGateway(deps: GatewayDeps) {
  const { db, clock, log, outbound, hubId, config, accounts, tracer } = deps;
  const priceOf = accounts.priceOf;
  const ai = createAi({
    ...{ db, clock, log, outbound, hubId, config, tracer, priceOf },
    accounts: accounts.ledger,
    cache: accounts.cache,
    contents: accounts.contents,
    guardrail: accounts.guardrail,
  });
  const leads = createLeads({ db, clock, appendEvents: deps.appendEvents });
  const routes: Route<Caller>[] = aiRoutes(ai, { leads, clock });
  return {
    routes,
    /** Has a model answer a question of the hub's own, on whatever provider fits; accounted for and audited like every call. Throws HubError when none answers. */
    async ask(
      {
        system,
        user,
        maxTokens,
        ...task
      }: { system: string; user: string; maxTokens: number } & Pick<Task, 'caller' | 'intent' | 'tenant' | 'project'>,
      signal: AbortSignal,
    ): Promise<{ text: string; provider: string; model: string }> {
      const tally: Tally = { usage: { inputTokens: 0, outputTokens: 0 }, answers: [], modelMs: 0 };
      const messages = [
        { role: 'system' as const, content: system },
        { role: 'user' as const, content: user },
      ];
      const text = await tell(ai, task, { model: 'auto', messages, maxTokens }, tally, signal);
      const { provider = '', model = '' } = tally.answers[0] ?? {};
      return { text, provider, model };
    },
    sync: ai.sync,
    start: ai.start,
    stop: ai.stop,
    /** Leads among events of products, in the transaction that stores them. */
    takeLeads: leads.fromEvents,
    /** Deletes leads that are older than so many milliseconds. */
    expireLeads: leads.expire,
  };
}
