import { Button } from '@mantine/core';
import type { Delivery } from '@orrery/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { deliveriesQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import type { Tone } from '../ui/state.ts';
import classes from './Settings.module.css';

const TONE: Record<Delivery['status'], Tone> = {
  pending: 'warn',
  sending: 'none',
  delivered: 'ok',
  failed: 'bad',
  suppressed: 'quiet',
};
const WORD: Record<Delivery['status'], string> = {
  pending: 'Waiting',
  sending: 'Sending',
  delivered: 'Delivered',
  failed: 'Given up',
  suppressed: 'Not told',
};

const COLUMNS: Column<Delivery>[] = [
  { id: 'status', header: 'State', cell: (row) => <State tone={TONE[row.status]}>{WORD[row.status]}</State> },
  {
    id: 'title',
    header: 'Message',
    cell: (row) =>
      row.alertId ? (
        <Link to="/alerts" search={{ alert: row.alertId, status: 'all' }}>
          <u>{row.title}</u>
        </Link>
      ) : (
        row.title
      ),
    grow: true,
  },
  { id: 'type', header: 'Type', cell: (row) => row.type, hide: 'phone' },
  { id: 'attempts', header: 'Tries', cell: (row) => row.attempts, align: 'right', hide: 'phone' },
  {
    id: 'error',
    header: 'Why',
    cell: (row) => {
      const why = row.reason ?? row.lastError;
      return why ? <span title={why}>{why.slice(0, 60)}</span> : '–';
    },
    hide: 'tablet',
  },
  { id: 'created', header: 'Created', cell: (row) => <Age at={row.createdAt} />, align: 'right' },
];

const ALL_COLUMNS: Column<Delivery>[] = [
  ...COLUMNS.slice(0, 1),
  { id: 'channel', header: 'Channel', cell: (row) => row.channel },
  ...COLUMNS.slice(1),
];

/** What was sent, waits, or was kept back, and why: of one channel, or of all of them. */
export function Deliveries({ name }: { name?: string | undefined }) {
  const query = useInfiniteQuery(deliveriesQuery(name));
  const title = name === undefined ? 'All deliveries' : `Deliveries of ${name}`;
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel title={title} note={query.data && `${rows.length}${query.hasNextPage ? '+' : ''}`} flush>
      <QueryNote query={query} what="the deliveries" />
      {query.isPending && <Waiting rows={4} what="the deliveries" />}
      {query.data && rows.length === 0 && (
        <Empty title="Nothing was sent yet">A test or the next alert shows here.</Empty>
      )}
      {rows.length > 0 && (
        <DataTable
          label={title}
          columns={name === undefined ? ALL_COLUMNS : COLUMNS}
          rows={rows}
          rowId={(row) => row.id}
        />
      )}
      {query.hasNextPage && (
        <div className={classes.more}>
          <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
            Older deliveries
          </Button>
        </div>
      )}
    </Panel>
  );
}
