import { sql } from 'kysely';
import type { Db } from '../../platform/db.ts';
import type { Notice } from './notices.ts';
import { HOUR } from './rollup.ts';
import type { AccountTables } from './tables.ts';
import { usd } from './view.ts';

const WEEK = 7 * 24 * HOUR;
/** Of fewer hours nobody knows what is usual. */
const FEWEST_HOURS = 24;
const TIMES = 4;
/** Less is not worth a word, however unusual. */
const LEAST_NANO = 1e9;

/**
 * Notices when a tenant spends far more than it is used to: in this hour more than four times the mean of the busy hours of the last seven days
 * (24 of them at least), and more than a dollar. Told once an hour and tenant. Each hub sees what passes through it.
 */
export function createSpendWatch(db: Db) {
  const usual = new Map<string, number>();
  const now = new Map<string, { hour: number; nano: number; told: boolean }>();
  return {
    /** Learns what is usual. */
    async learn(at: number): Promise<void> {
      const hours = db
        .withTables<AccountTables>()
        .selectFrom('ai_usage')
        .select(['tenant', 'start_at', sql<number>`sum(cost_nano)`.as('nano')])
        .where('span', '=', 'hour')
        .where('start_at', '>=', at - WEEK)
        .groupBy(['tenant', 'start_at'])
        .having(sql`sum(cost_nano)`, '>', 0);
      const rows = await hours.execute();
      usual.clear();
      for (const [tenant, list] of Map.groupBy(rows, (row) => row.tenant))
        if (list.length >= FEWEST_HOURS)
          usual.set(tenant, list.reduce((sum, { nano }) => sum + Number(nano), 0) / list.length);
    },
    see(tenant: string | null, nano: number, at: number): Notice | undefined {
      if (nano === 0) return undefined;
      const name = tenant ?? '';
      const hour = at - (at % HOUR);
      let state = now.get(name);
      if (state?.hour !== hour) {
        if (now.size > 5000) now.clear();
        state = { hour, nano: 0, told: false };
        now.set(name, state);
      }
      state.nano += nano;
      const mean = usual.get(name);
      if (mean === undefined || state.told || state.nano <= LEAST_NANO || state.nano <= TIMES * mean) return undefined;
      state.told = true;
      const who = tenant === null ? 'AI spend without a tenant' : `AI spend of ${tenant}`;
      const dollars = (value: number) => `$${usd(value).toFixed(2)}`;
      return {
        kind: 'spend-anomaly',
        subject: `${name} ${hour}`,
        title: `${who}: ${dollars(state.nano)} this hour, ${dollars(mean)} is usual`,
        data: { tenant, hour: new Date(hour).toISOString(), usd: usd(state.nano), usualUsd: usd(mean) },
      };
    },
  };
}
