import { type AnalysisView, Insights } from '@orrery/protocol';
import { authorize, authorizeWhole, type Caller, sees } from '../access/index.ts';
import type { TrendFact } from '../detect/index.ts';
import type { NewEvent } from '../events/index.ts';
import { type Clock, iso } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { examine } from './examine.ts';
import { type AnalysisRooms, gather } from './gather.ts';
import type { AnalysisTables } from './tables.ts';

export { analysisRoutes } from './routes.ts';

type Deps = AnalysisRooms & {
  db: Db;
  clock: Clock;
  appendEvents(trx: Db, events: readonly NewEvent[]): Promise<unknown>;
};
export type Analysis = ReturnType<typeof createAnalysis>;

const DAY = 86_400_000;
const RANGE_MS = 7 * DAY;
/** What one analysis says holds until the next daily one had its time. */
const HOLDS_MS = 26 * 3_600_000;
/** Judging asks often: what another hub has analysed is known within a minute. */
const REREAD_MS = 60_000;

/** The daily analysis: a week of every project, its alerts and its metrics, comes to a summary, trends and things to do. */
export function createAnalysis(deps: Deps) {
  const { db, clock } = deps;
  const tables = db.withTables<AnalysisTables>();
  let running: Promise<Insights> | undefined;
  let held: { readAt: number; facts: readonly TrendFact[] } | undefined;

  async function analyse(signal: AbortSignal | undefined): Promise<Insights> {
    const at = clock.now();
    const facts = await gather(deps, at - RANGE_MS, at, signal);
    const insights = examine(facts, at);
    const row = {
      at,
      from_at: at - RANGE_MS,
      projects: JSON.stringify(facts.projects.map(({ slug }) => slug)),
      insights: JSON.stringify(insights),
    };
    await inTransaction(db, async (trx) => {
      await trx
        .withTables<AnalysisTables>()
        .insertInto('analyses')
        .values(row)
        // Two hubs in one millisecond saw the same.
        .onConflict((oc) => oc.column('at').doUpdateSet(row))
        .execute();
      await deps.appendEvents(trx, [
        { at, type: 'analysis.finished', title: `Daily analysis: ${insights.summary}`, data: counts(insights) },
      ]);
    });
    held = undefined;
    return insights;
  }

  const newest = () => tables.selectFrom('analyses').selectAll().orderBy('at', 'desc').limit(1).executeTakeFirst();

  return {
    /** Analyses now; whoever asks meanwhile gets the same. For the scheduler and those who may act on every project. */
    async run(caller: Caller, signal?: AbortSignal): Promise<Insights> {
      if (caller.kind !== 'cron' && caller.kind !== 'system') authorizeWhole(caller, 'actions:run');
      running ??= analyse(signal).finally(() => {
        running = undefined;
      });
      return running;
    },

    /** The newest analysis. Who may not see every project gets the parts about those that they see, and no summary of the whole. */
    async latest(caller: Caller): Promise<AnalysisView> {
      authorize(caller, 'ops:view');
      const row = await newest();
      if (!row) return { analysis: null };
      const projects: string[] = JSON.parse(row.projects);
      const visible = projects.filter((project) => sees(caller, project));
      const insights = Insights.parse(JSON.parse(row.insights));
      return {
        analysis: {
          at: iso(row.at),
          from: iso(row.from_at),
          projects: visible.length,
          insights: caller.projects === 'all' ? insights : narrow(insights, new Set(visible)),
        },
      };
    },

    /** What the newest analysis found to turn for the worse, by project; it holds for a day. */
    async trends(projects?: readonly string[]): Promise<ReadonlyMap<string, readonly TrendFact[]>> {
      if (!held || clock.monotonic() - held.readAt >= REREAD_MS) {
        const row = await newest();
        const alerts = row ? Insights.parse(JSON.parse(row.insights)).alerts : [];
        const at = row?.at ?? 0;
        held = { readAt: clock.monotonic(), facts: alerts.map((alert) => ({ ...alert, at, until: at + HOLDS_MS })) };
      }
      const now = clock.now();
      const holding = held.facts.filter(
        ({ until, site_key }) => now < until && (projects === undefined || projects.includes(site_key)),
      );
      return Map.groupBy(holding, ({ site_key }) => site_key);
    },

    /** Forgets analyses older than `keepMs`. */
    async expire(keepMs: number): Promise<void> {
      await tables
        .deleteFrom('analyses')
        .where('at', '<', clock.now() - keepMs)
        .execute();
    },
  };
}

const counts = ({ alerts, optimizations, trends, action_items }: Insights) => ({
  alerts: alerts.length,
  optimizations: optimizations.length,
  trends: trends.length,
  actionItems: action_items.length,
});

function narrow(insights: Insights, visible: ReadonlySet<string>): Insights {
  const mine = <T extends { site_key: string }>(items: readonly T[]) =>
    items.filter(({ site_key }) => visible.has(site_key));
  const alerts = mine(insights.alerts);
  return {
    summary:
      alerts.length === 0
        ? 'No metric of yours turned for the worse.'
        : alerts.map(({ title }) => `${title}.`).join(' '),
    alerts,
    optimizations: mine(insights.optimizations),
    trends: mine(insights.trends),
    action_items: alerts.map(({ title }) => `Find out why: ${title}.`),
  };
}
