import { TextInput } from '@mantine/core';
import type { Forecast } from '@orrery/protocol';
import { IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useMemo } from 'react';
import { Page } from '../desk/Page.tsx';
import { forecastsQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { NONE, plural } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import { Sparkline } from '../ui/Sparkline.tsx';
import { readSort, writeSort } from '../ui/search.ts';
import { usePutSearch } from '../ui/usePutSearch.ts';
import classes from './Predictions.module.css';
import { amount, errorOf, matches, outlook, share, urgency, whereOf } from './words.ts';

const Prediction = lazy(() => import('./Prediction.tsx'));
const route = getRouteApi('/desk/predictions');

const DECLARE = `projects:
  - slug: shop
    # …
    thresholds:
      - { metric: disk.used_percent, above: 90, severity: critical }
    forecasts:
      also: [queue.depth, checkout.*]`;

const COLUMNS: readonly Column<Forecast>[] = [
  {
    id: 'metric',
    header: 'Metric',
    cell: (row) => (
      <Link to="/predictions" search={(old) => ({ ...old, series: row.id })} className={classes.link}>
        {row.metric}
        <span className={classes.where}>{whereOf(row)}</span>
      </Link>
    ),
    sort: (row) => row.metric,
    value: (row) => row.metric,
    grow: true,
  },
  {
    id: 'outline',
    header: 'Two days, and three ahead',
    cell: (row) =>
      row.outline ? (
        <div
          className={classes.outline}
          style={{ '--measured': row.outline.measured / row.outline.values.length } as never}
        >
          <Sparkline
            values={row.outline.values}
            height={26}
            label={`now ${amount(row, row.last)}, in 72 h ${amount(row, row.expected)}`}
          />
        </div>
      ) : (
        NONE
      ),
    hide: 'tablet',
  },
  {
    id: 'outlook',
    header: 'Outlook',
    cell: (row) => {
      const { tone, word } = outlook(row);
      return (
        <div className={classes.state}>
          <State tone={tone}>{word}</State>
        </div>
      );
    },
    sort: urgency,
    value: (row) => outlook(row).word,
  },
  {
    id: 'now',
    header: 'Now',
    cell: (row) => amount(row, row.last),
    value: (row) => row.last,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'expected',
    header: 'In 72 h',
    cell: (row) => amount(row, row.expected),
    value: (row) => row.expected,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'method',
    header: 'Method',
    cell: (row) => row.method ?? NONE,
    sort: (row) => row.method ?? null,
    value: (row) => row.method,
    hide: 'laptop',
  },
  {
    id: 'error',
    header: 'Error',
    cell: (row) => (
      <span title="Mean absolute error in the backtest; 1 is as wrong as “as it was a day ago”">{errorOf(row)}</span>
    ),
    sort: (row) => row.mase ?? null,
    value: (row) => row.mase,
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'held',
    header: 'Held',
    cell: (row) => <span title="What share the 90% interval held in the backtest">{share(row.coverage)}</span>,
    sort: (row) => row.coverage ?? null,
    value: (row) => row.coverage,
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'made',
    header: 'Made',
    cell: (row) => <Age at={row.madeAt ?? row.triedAt} bare />,
    value: (row) => row.madeAt,
    align: 'right',
    hide: 'laptop',
  },
];

/** What is expected of every series that is forecast, what will cross its limit first. */
export default function Predictions() {
  const search = route.useSearch();
  const put = usePutSearch();
  const query = useInfiniteQuery(forecastsQuery(search.project));
  const { hasNextPage, isFetching, fetchNextPage } = query;
  // All of them are wanted: what is most urgent may stand on the last page.
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const all = useMemo(() => query.data?.pages.flatMap(({ items }) => items), [query.data]);
  const rows = useMemo(() => all?.filter((one) => matches(one, search.q ?? '')) ?? [], [all, search.q]);
  const crossing = all?.filter(({ crossings }) => crossings.length > 0).length ?? 0;
  const chosen = all?.find(({ id }) => id === search.series);
  const sort = readSort(search.sort) ?? { id: 'outlook', desc: false };

  return (
    <Page
      title="Predictions"
      note={
        all &&
        all.length > 0 && (
          <State tone={crossing > 0 ? 'warn' : 'ok'}>
            {crossing > 0
              ? `${crossing} of ${all.length} will cross a limit`
              : `${plural(all.length, 'series', 'series')}, no limit in sight`}
          </State>
        )
      }
    >
      <QueryNote query={query} what="the forecasts" />
      {search.series !== undefined && (
        <Suspense fallback={<Waiting rows={8} what="the forecast" />}>
          <Prediction id={search.series} name={chosen} onClose={() => put({ series: undefined }, 'step')} />
        </Suspense>
      )}
      <Panel
        title="Series"
        note={search.project === undefined ? undefined : `of ${search.project}`}
        flush
        tools={
          all &&
          all.length > 0 && (
            <>
              <TextInput
                aria-label="Filter series"
                placeholder="Filter series"
                leftSection={<IconSearch size={14} />}
                defaultValue={search.q ?? ''}
                onChange={(event) => put({ q: event.currentTarget.value || undefined })}
              />
              <ExportMenu name="predictions" columns={COLUMNS} rows={rows} />
            </>
          )
        }
      >
        {query.isPending && <Waiting rows={8} what="the forecasts" />}
        {all?.length === 0 && (
          <Empty title="Nothing is forecast yet">
            <p>
              Metrics with a threshold, and those of what runs out or costs (disk, memory, cost, orders, …), are
              forecast once a week of them has been measured. Within an hour after that they stand here.
            </p>
            <Snippet label="More metrics in orrery.yaml" code={DECLARE} />
          </Empty>
        )}
        {all && all.length > 0 && rows.length === 0 && <Empty title={`No series is called like "${search.q}"`} />}
        {rows.length > 0 && (
          <DataTable
            label="Series that are forecast"
            columns={COLUMNS}
            rows={rows}
            rowId={(row) => row.id}
            sort={sort}
            onSort={(next) => put({ sort: writeSort(next) })}
            activeId={search.series}
          />
        )}
      </Panel>
    </Page>
  );
}
