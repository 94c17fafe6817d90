import type { AiBudget } from '@orrery/protocol';
import { authorize, type Caller } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { BudgetBook, StoredBudget } from './budgetBook.ts';
import { type Amount, counterOf, shareOf, toBudget, windowOf } from './limits.ts';
import type { AccountTables } from './tables.ts';
import { usd } from './view.ts';

/** How far a budget is used in its window of now. */
export type BudgetUse = StoredBudget & {
  each: string | null;
  start: number;
  end: number;
  used: Amount;
  held: Amount;
  refused: number;
  share: number;
};

/** Every budget's windows of now. One that is kept for each of something has a window for each that was seen. */
export async function budgetUses(db: Db, book: BudgetBook, now: number): Promise<BudgetUse[]> {
  const all = await book.all();
  if (all.length === 0) return [];
  const month = windowOf('month', now).start;
  const rows = await db
    .withTables<AccountTables>()
    .selectFrom('ai_counters')
    .selectAll()
    .where('start_at', '>=', month)
    .execute();
  return all.flatMap((stored): BudgetUse[] => {
    const { declaration } = stored;
    const { start, end } = windowOf(declaration.per, now);
    const own = counterOf(declaration, '');
    const about = rows.filter(
      ({ counter, start_at }) =>
        start_at === start && (declaration.each === undefined ? counter === own : counter.startsWith(`${own}/`)),
    );
    const { limits } = toBudget(declaration);
    if (about.length === 0 && declaration.each === undefined)
      return [{ ...stored, each: null, start, end, used: ZERO, held: ZERO, refused: 0, share: 0 }];
    return about.map((row) => {
      const used = { requests: row.used_requests, tokens: row.used_tokens, nano: row.used_nano };
      const held = { requests: row.held_requests, tokens: row.held_tokens, nano: row.held_nano };
      const each = declaration.each === undefined ? null : row.counter.slice(own.length + 1);
      return { ...stored, each, start, end, used, held, refused: row.refused, share: shareOf(limits, used) };
    });
  });
}

const ZERO: Amount = { requests: 0, tokens: 0, nano: 0 };
const amount = ({ requests, tokens, nano }: Amount) => ({ requests, tokens, costUsd: usd(nano) });

/** Budgets as the API shows them; a tenant sees those that are about it. */
export async function listBudgets(db: Db, book: BudgetBook, caller: Caller, now: number): Promise<AiBudget[]> {
  authorize(caller, 'ops:view');
  const uses = await budgetUses(db, book, now);
  const shown: AiBudget[] = [];
  for (const { declaration, declaredIn } of await book.all()) {
    const { match, each } = declaration;
    const isOwn =
      caller.tenant === null || match.tenant === caller.tenant || (match.tenant === undefined && each === 'tenant');
    const isVisible =
      caller.projects === 'all' ||
      (caller.tenant !== null && !caller.limited) ||
      (match.project !== undefined && caller.projects.includes(match.project));
    if (!isOwn || !isVisible) continue;
    const windows = uses
      .filter((use) => use.declaration.name === declaration.name)
      .filter((use) => caller.tenant === null || match.tenant === caller.tenant || use.each === caller.tenant)
      .sort((a, b) => b.share - a.share)
      .slice(0, 200)
      .map(({ each: of, start, end, used, held, share }) => ({
        each: of,
        from: iso(start),
        to: iso(end),
        used: amount(used),
        held: amount(held),
        share,
      }));
    shown.push({ declaration, declaredIn, windows });
  }
  return shown;
}

/** Forgets the counters of windows that are over. */
export async function expireCounters(db: Db, now: number): Promise<void> {
  const tables = db.withTables<AccountTables>();
  await tables
    .deleteFrom('ai_counters')
    .where('start_at', '<', windowOf('month', now).start - 40 * DAY)
    .execute();
  // Minutes are many and are looked at by nobody afterwards.
  await tables
    .deleteFrom('ai_counters')
    .where('counter', 'like', 'minute:%')
    .where('start_at', '<', now - DAY)
    .execute();
}

const DAY = 86_400_000;
