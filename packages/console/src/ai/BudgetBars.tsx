import type { AiBudget } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { aiBudgetsQuery } from '../queries.ts';
import { Empty } from '../ui/Empty.tsx';
import { formatNumber, formatShare } from '../ui/format.ts';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import classes from './Ai.module.css';
import { formatUsd } from './money.ts';
import { BUDGET_YAML } from './snippets.ts';

const MOST = 8;

/** The budgets that are nearest to their end. */
export function BudgetBars() {
  const query = useQuery(aiBudgetsQuery);
  const bars = barsOf(query.data?.items ?? []);
  return (
    <Panel title="Budgets" note={bars.length > MOST ? `the ${MOST} nearest to their end` : undefined} flush>
      <QueryNote query={query} what="the budgets" />
      {query.isPending && <Waiting rows={3} what="the budgets" />}
      {query.data?.items.length === 0 && (
        <Empty title="No budget is declared">
          <p>A call beyond a budget is refused, or goes to a local model.</p>
          <Snippet label="Budgets in orrery.yaml" code={BUDGET_YAML} />
        </Empty>
      )}
      <ul className={classes.list}>
        {bars.slice(0, MOST).map(({ budget, window }) => (
          <BudgetBar key={`${budget.declaration.name}/${window.each ?? ''}`} budget={budget} window={window} />
        ))}
      </ul>
    </Panel>
  );
}

type Window = AiBudget['windows'][number];

const barsOf = (items: readonly AiBudget[]) =>
  items
    .flatMap((budget) => budget.windows.map((window) => ({ budget, window })))
    .sort((a, b) => b.window.share - a.window.share);

/** One budget: what is used, and lighter what is set aside for calls under way. */
export function BudgetBar({ budget, window }: { budget: AiBudget; window: Window }) {
  const { name, per } = budget.declaration;
  const percent = Math.min(100, window.share * 100);
  const tone = window.share >= 1 ? 'bad' : window.share >= 0.8 ? 'warn' : undefined;
  const whose = window.each === null ? name : `${name}: ${window.each}`;
  return (
    <li className={classes.item}>
      <span className={classes.name}>{whose}</span>
      <span className={classes.aside}>
        {limitsOf(budget, window)} a {per}
      </span>
      {/* biome-ignore lint/a11y/useSemanticElements: a meter of the browser's own cannot show what is held beside what is used. */}
      <span
        className={classes.bar}
        role="meter"
        aria-label={`Budget ${whose}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(percent)}
        aria-valuetext={`${formatShare(window.share * 100)} used`}
      >
        <span className={classes.held} style={{ width: `${Math.min(100, shareWithHeld(budget, window) * 100)}%` }} />
        <span data-tone={tone} style={{ width: `${percent}%` }} />
      </span>
    </li>
  );
}

function shareWithHeld({ declaration }: AiBudget, { used, held }: Window): number {
  const of = (what: 'requests' | 'tokens' | 'costUsd') =>
    declaration[what] === undefined ? 0 : (used[what] + held[what]) / declaration[what];
  return Math.max(of('requests'), of('tokens'), of('costUsd'));
}

function limitsOf({ declaration: { requests, tokens, costUsd } }: AiBudget, { used }: Window): string {
  return [
    ...(costUsd === undefined ? [] : [`${formatUsd(used.costUsd)} of ${formatUsd(costUsd)}`]),
    ...(tokens === undefined ? [] : [`${formatNumber(used.tokens)} of ${formatNumber(tokens)} tokens`]),
    ...(requests === undefined ? [] : [`${formatNumber(used.requests)} of ${formatNumber(requests)} calls`]),
  ].join(', ');
}
