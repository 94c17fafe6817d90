import type { RouteView } from '@orrery/protocol';
import { IconLock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { matchInWords } from '../alerts/match.ts';
import { routesQuery } from '../queries.ts';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import classes from './Settings.module.css';

const DECLARE = `routes:
  - name: payments
    match: { tags: [payments], severities: [critical] }
    channels: [pager]
    repeatEvery: 30m
    escalate: [{ after: 15m, channels: [oncall-lead] }]
  - name: rest
    channels: [ops]
    quietHours: [{ from: "22:00", to: "07:00", timeZone: Europe/Berlin }]`;

const COLUMNS: readonly Column<RouteView>[] = [
  { id: 'name', header: 'Route', cell: (row) => row.name },
  { id: 'match', header: 'Takes', cell: (row) => matchInWords(row.match), grow: true },
  { id: 'channels', header: 'Tells', cell: (row) => row.channels.join(', ') || 'nobody' },
  {
    id: 'repeat',
    header: 'Again every',
    cell: (row) => row.repeatEvery ?? '–',
    hide: 'tablet',
  },
  {
    id: 'escalate',
    header: 'Escalates',
    cell: (row) => row.escalate.map(({ after, channels }) => `${after}: ${channels.join(', ')}`).join('; ') || '–',
    hide: 'tablet',
  },
  {
    id: 'quiet',
    header: 'Quiet',
    cell: (row) => row.quietHours.map(({ from, to, timeZone }) => `${from}–${to} ${timeZone}`).join('; ') || '–',
    hide: 'laptop',
  },
  {
    id: 'then',
    header: 'Then',
    cell: (row) => (row.continue ? 'goes on' : 'stops'),
    hide: 'phone',
  },
  {
    id: 'declared',
    header: 'Declared in',
    cell: (row) => (
      <span className={classes.lock}>
        <IconLock size={13} aria-hidden="true" /> {row.declaredIn}
      </span>
    ),
    hide: 'laptop',
  },
];

/** Which alerts go to which channels, in the order in which they are looked at. */
export function Routes() {
  const query = useQuery(routesQuery);
  const items = query.data?.items;
  return (
    <Panel title="Routes" note="the first that fits takes the alert" flush>
      <QueryNote query={query} what="the routes" />
      {query.isPending && <Waiting rows={3} what="the routes" />}
      {items?.length === 0 && (
        <Empty title="Every channel takes what its own filter lets through">
          <p>
            Routes send alerts by project, severity, tag or team, repeat them, escalate them, and keep quiet at night:
          </p>
          <Snippet label="Routes in orrery.yaml" code={DECLARE} />
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable label="Routes" columns={COLUMNS} rows={items} rowId={(row) => row.name} />
      )}
    </Panel>
  );
}
