import { Button } from '@mantine/core';
import type { AiBudget } from '@orrery/protocol';
import { IconLock, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { aiBudgetsQuery, queryClient } from '../queries.ts';
import { Confirm } from '../settings/Confirm.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { formatNumber } from '../ui/format.ts';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import classes from './Ai.module.css';
import { BudgetBar } from './BudgetBars.tsx';
import { formatUsd } from './money.ts';
import { NewBudget } from './NewBudget.tsx';
import { BUDGET_YAML } from './snippets.ts';

const about = ({ declaration: { match, each } }: AiBudget): string => {
  const words = Object.entries(match).map(([name, value]) => `${name} ${value}`);
  return `${words.length > 0 ? words.join(', ') : 'all calls'}${each ? `, each ${each}` : ''}`;
};
const allows = ({ declaration: { requests, tokens, costUsd, per } }: AiBudget): string =>
  `${[
    ...(costUsd === undefined ? [] : [formatUsd(costUsd)]),
    ...(tokens === undefined ? [] : [`${formatNumber(tokens)} tokens`]),
    ...(requests === undefined ? [] : [`${formatNumber(requests)} calls`]),
  ].join(', ')} a ${per}`;

/** What calls may use: declared in the file (locked) or here. */
export function Budgets() {
  const query = useQuery(aiBudgetsQuery);
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<string>();
  const remove = useMutation({
    mutationFn: (name: string) => api.removeAiBudget(name),
    onSuccess: () => {
      setRemoving(undefined);
      return queryClient.invalidateQueries({ queryKey: ['ai', 'budgets'] });
    },
  });
  const items = query.data?.items;
  const columns: readonly Column<AiBudget>[] = [
    { id: 'name', header: 'Budget', cell: (row) => row.declaration.name },
    { id: 'about', header: 'About', cell: about, grow: true },
    { id: 'allows', header: 'Allows', cell: allows },
    {
      id: 'over',
      header: 'Beyond it',
      cell: (row) => (row.declaration.over === 'local' ? 'a local model' : 'refused'),
      hide: 'phone',
    },
    {
      id: 'declared',
      header: 'Declared in',
      cell: (row) =>
        row.declaredIn === null ? (
          'the API'
        ) : (
          <>
            <IconLock size={12} aria-hidden="true" /> {row.declaredIn}
          </>
        ),
      hide: 'tablet',
    },
    {
      id: 'verbs',
      header: '',
      cell: (row) =>
        row.declaredIn === null && may('configure') ? (
          <Button size="compact-xs" onClick={() => setRemoving(row.declaration.name)}>
            Remove
          </Button>
        ) : null,
      align: 'right',
    },
  ];
  const windows = (items ?? []).flatMap((budget) => budget.windows.map((window) => ({ budget, window })));
  return (
    <>
      <Panel
        title="Budgets"
        note="reserved before a call, settled after it"
        tools={
          may('configure') && (
            <Button leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
              New budget
            </Button>
          )
        }
        flush
      >
        <QueryNote query={query} what="the budgets" />
        {query.isPending && <Waiting rows={3} what="the budgets" />}
        {items?.length === 0 && (
          <Empty title="No budget is declared">
            <p>
              A key of the role agent with a budget of its own is a virtual key: it may call models, up to that much and
              no further.
            </p>
            <Snippet label="Budgets in orrery.yaml" code={BUDGET_YAML} />
          </Empty>
        )}
        {items && items.length > 0 && (
          <DataTable label="Budgets" columns={columns} rows={items} rowId={(row) => row.declaration.name} />
        )}
      </Panel>
      {windows.length > 0 && (
        <Panel title="Used now" note="lighter: set aside for calls under way" flush>
          <ul className={classes.list}>
            {windows
              .sort((a, b) => b.window.share - a.window.share)
              .map(({ budget, window }) => (
                <BudgetBar key={`${budget.declaration.name}/${window.each ?? ''}`} budget={budget} window={window} />
              ))}
          </ul>
        </Panel>
      )}
      {adding && <NewBudget onClose={() => setAdding(false)} />}
      {removing !== undefined && (
        <Confirm
          title={`Remove the budget ${removing}`}
          verb="Remove it"
          error={remove.error}
          busy={remove.isPending}
          onClose={() => setRemoving(undefined)}
          onConfirm={() => remove.mutate(removing)}
        >
          Calls are no longer limited by it. What was used stays in the ledger.
        </Confirm>
      )}
    </>
  );
}
