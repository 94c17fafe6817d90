import { Button } from '@mantine/core';
import type { Alert } from '@orrery/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useMay } from '../access/me.ts';
import { alertsQuery } from '../queries.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import { readSort, writeSort } from '../ui/search.ts';
import { usePutSearch } from '../ui/usePutSearch.ts';
import { AlertFilters } from './AlertFilters.tsx';
import { AlertPanel } from './AlertPanel.tsx';
import classes from './Alerts.module.css';
import { BulkBar } from './BulkBar.tsx';
import { usePendingChanges } from './change.ts';
import { alertColumns } from './columns.tsx';
import { useAlertKeys } from './useAlertKeys.ts';

const route = getRouteApi('/desk/alerts');
const TITLES: Record<string, string> = {
  'open,acknowledged': 'Active alerts',
  open: 'Open alerts',
  acknowledged: 'Acknowledged alerts',
  resolved: 'Resolved alerts',
  ignored: 'Ignored alerts',
  all: 'All alerts',
};
const NONE: ReadonlySet<string> = new Set();

/** The alerts that pass the filters of the URL, and the chosen one beside them. */
export function AlertList() {
  const search = route.useSearch();
  const put = usePutSearch();
  const may = useMay();
  const status = search.status ?? 'open,acknowledged';
  const query = useInfiniteQuery(
    alertsQuery({ status: status === 'all' ? undefined : status, severity: search.severity, project: search.project }),
  );
  const pending = usePendingChanges();
  const [selected, setSelected] = useState(NONE);
  const [cursor, setCursor] = useState<string>();
  const sort = readSort(search.sort) ?? { id: 'opened', desc: true };
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const columns = useMemo(() => alertColumns(pending), [pending]);
  const open = (id: string | undefined) => put({ alert: id }, 'step');
  const chosen = new Set([...selected].filter((id) => rows.some((row) => row.id === id)));
  const active = search.alert ?? cursor;

  useAlertKeys({ rows, active, setCursor, open, opened: search.alert !== undefined, selected: chosen, setSelected });

  return (
    <>
      <QueryNote query={query} what="the alerts" />
      <div className={classes.columns} data-open={search.alert !== undefined || undefined}>
        <Panel
          title={TITLES[status] ?? 'Alerts'}
          note={query.data && `${rows.length}${query.hasNextPage ? '+' : ''}`}
          tools={<Tools rows={rows} columns={columns} />}
          flush
        >
          <AlertFilters search={search} status={status} />
          {chosen.size > 0 && <BulkBar rows={rows} ids={chosen} onDone={() => setSelected(NONE)} />}
          {query.isPending && <Waiting rows={8} what="the alerts" />}
          {query.data && rows.length === 0 && <NoAlerts status={status} />}
          {rows.length > 0 && (
            <DataTable
              label="Alerts"
              columns={columns}
              rows={rows}
              rowId={(row) => row.id}
              rowName={(row) => row.title}
              sort={sort}
              onSort={(next) => put({ sort: writeSort(next) })}
              selection={may('alerts:manage') ? { ids: chosen, onChange: setSelected } : undefined}
              activeId={active}
              pendingIds={new Set(pending.keys())}
            />
          )}
          {query.hasNextPage && (
            <div className={classes.more}>
              <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
                More alerts
              </Button>
            </div>
          )}
        </Panel>
        {search.alert && <AlertPanel key={search.alert} id={search.alert} onClose={() => open(undefined)} />}
      </div>
    </>
  );
}

type ToolsProps = { rows: readonly Alert[]; columns: ReturnType<typeof alertColumns> };
const Tools = ({ rows, columns }: ToolsProps) => <ExportMenu name="alerts" columns={columns} rows={rows} />;

function NoAlerts({ status }: { status: string }) {
  if (status !== 'open,acknowledged') return <Empty title="No alert passes this filter" />;
  return (
    <Empty title="Nothing is open">
      <p>
        An alert opens by itself when a check fails as often as it may, when a project is silent for too long, and when
        a metric crosses a threshold of yours:
      </p>
      <Snippet
        label="A threshold in orrery.yaml"
        code={`thresholds:\n  - { metric: performance.error_rate, above: 5, for: 1m, severity: critical }\n  - { metric: process.rss_bytes, above: 800000000, for: 10m }`}
      />
      <p>It closes by itself when the reason is gone. Channels in Settings tell people about both.</p>
    </Empty>
  );
}
