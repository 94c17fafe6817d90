import { Button, NativeSelect } from '@mantine/core';
import type { AiCall } from '@orrery/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { aiCallsQuery } from '../queries.ts';
import { Clock } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatMs, formatNumber } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import type { RangeView } from '../ui/range.ts';
import { Segments } from '../ui/Segments.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import classes from './Ai.module.css';
import { CallPanel } from './CallPanel.tsx';
import { formatUsd } from './money.ts';
import { OUTCOME_TONE, OUTCOME_WORD, OUTCOMES } from './outcome.ts';

const route = getRouteApi('/desk/ai');

const COLUMNS: readonly Column<AiCall>[] = [
  { id: 'at', header: 'When', cell: (row) => <Clock at={row.at} />, value: (row) => row.at },
  {
    id: 'model',
    header: 'Model',
    cell: (row) => (
      <>
        <Link
          to="."
          search={((old: object) => ({ ...old, call: row.id })) as never}
          resetScroll={false}
          className={classes.link}
        >
          {row.model ?? row.modelAsked}
        </Link>
        <span className={classes.sub}>
          {row.provider ?? 'no provider'} · {row.intent}
        </span>
      </>
    ),
    value: (row) => row.model,
    grow: true,
  },
  {
    id: 'outcome',
    header: 'Outcome',
    cell: (row) => <State tone={OUTCOME_TONE[row.outcome] ?? 'none'}>{OUTCOME_WORD[row.outcome] ?? row.outcome}</State>,
    value: (row) => row.outcome,
  },
  {
    id: 'who',
    header: 'Who',
    cell: (row) => row.tenant ?? row.caller.name,
    value: (row) => row.tenant,
    hide: 'tablet',
  },
  { id: 'project', header: 'Project', cell: (row) => row.project, value: (row) => row.project, hide: 'laptop' },
  {
    id: 'tokens',
    header: 'Tokens',
    cell: (row) => formatNumber(row.usage.inputTokens + row.usage.outputTokens),
    value: (row) => row.usage.inputTokens + row.usage.outputTokens,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'latency',
    header: 'Latency',
    cell: (row) => formatMs(row.latencyMs),
    value: (row) => row.latencyMs,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'cost',
    header: 'Cost',
    cell: (row) => (row.costUsd === null ? 'unpriced' : formatUsd(row.costUsd)),
    value: (row) => row.costUsd,
    align: 'right',
  },
];

/** Every call of the range, newest first; one of them beside the list with all that is known of it. */
export function Calls({ range }: { range: RangeView }) {
  const search = route.useSearch();
  const put = usePutSearch();
  const query = useInfiniteQuery(
    aiCallsQuery({ from: range.from, to: range.to, outcome: search.outcome, intent: search.intent }),
  );
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className={classes.columns} data-open={search.call !== undefined || undefined}>
      <Panel
        title="Calls"
        note={query.data && `${rows.length}${query.hasNextPage ? '+' : ''}`}
        tools={<ExportMenu name="ai-calls" columns={COLUMNS} rows={rows} />}
        flush
      >
        <div className={classes.filters}>
          <Segments
            label="Outcome"
            value={search.outcome ?? 'any'}
            onChange={(value) => put({ outcome: value === 'any' ? undefined : value })}
            options={[
              { value: 'any', label: 'Any' },
              ...OUTCOMES.map((value) => ({ value, label: OUTCOME_WORD[value] ?? value })),
            ]}
          />
          <NativeSelect
            aria-label="Intent"
            value={search.intent ?? ''}
            onChange={(event) => put({ intent: event.currentTarget.value || undefined })}
            data={[
              { value: '', label: 'Any intent' },
              ...['chat', 'responses', 'messages', 'embeddings', 'extract', 'summarize', 'route', 'diagnose'],
            ]}
          />
        </div>
        <QueryNote query={query} what="the calls" />
        {query.isPending && <Waiting rows={8} what="the calls" />}
        {query.data && rows.length === 0 && <Empty title="No such call in this range" />}
        {rows.length > 0 && (
          <DataTable label="AI calls" columns={COLUMNS} rows={rows} rowId={(row) => row.id} activeId={search.call} />
        )}
        {query.hasNextPage && (
          <div className={classes.more}>
            <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
              Older calls
            </Button>
          </div>
        )}
      </Panel>
      {search.call && <CallPanel key={search.call} id={search.call} onClose={() => put({ call: undefined }, 'step')} />}
    </div>
  );
}
