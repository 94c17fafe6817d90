import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { MaintenanceView, Silence } from '@orrery/protocol';
import { IconLock, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { maintenanceQuery, queryClient, silencesQuery } from '../queries.ts';
import { Age, Clock } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import classes from './Alerts.module.css';
import { matchInWords } from './match.ts';
import { NewMaintenance } from './NewMaintenance.tsx';
import { NewSilence } from './NewSilence.tsx';

const route = getRouteApi('/desk/alerts');

const STATE = {
  active: { tone: 'warn', word: 'Active' },
  planned: { tone: 'none', word: 'Planned' },
  ended: { tone: 'quiet', word: 'Ended' },
} as const;

/** Who is not told of what, and until when. */
export default function Silences() {
  return (
    <>
      <SilenceList />
      <MaintenanceList />
    </>
  );
}

const silenceColumns = (end: ((silence: Silence) => void) | undefined): readonly Column<Silence>[] => [
  {
    id: 'state',
    header: 'State',
    cell: (row) => <State tone={STATE[row.status].tone}>{STATE[row.status].word}</State>,
  },
  {
    id: 'match',
    header: 'Silenced',
    cell: (row) => (
      <>
        {matchInWords(row.match)}
        <span className={classes.reason}>{row.reason}</span>
      </>
    ),
    grow: true,
  },
  { id: 'by', header: 'By', cell: (row) => row.createdBy, hide: 'phone' },
  { id: 'from', header: 'From', cell: (row) => <Clock at={row.from} />, hide: 'tablet', align: 'right' },
  { id: 'until', header: 'Until', cell: (row) => <Clock at={row.until} />, align: 'right' },
  {
    id: 'act',
    header: '',
    align: 'right',
    cell: (row) =>
      end &&
      row.status !== 'ended' && (
        <Button size="compact-xs" onClick={() => end(row)} aria-label={`End the silence of ${matchInWords(row.match)}`}>
          End
        </Button>
      ),
  },
];

function SilenceList() {
  const may = useMay();
  const query = useQuery(silencesQuery);
  const { new: making } = route.useSearch();
  const put = usePutSearch();
  const end = useMutation({
    mutationFn: (silence: Silence) => api.endSilence(silence.id),
    onSuccess: () => notifications.show({ title: 'The silence has ended', message: 'What still fires is told now.' }),
    onError: (error) => notifications.show({ title: 'Not ended', message: error.message, role: 'alert' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['silences'] }),
  });
  const items = query.data?.items;
  return (
    <Panel
      title="Silences"
      note="alerts of which nobody is told for a while"
      tools={
        may('alerts:manage') && (
          <Button variant="filled" leftSection={<IconPlus size={14} />} onClick={() => put({ new: 'silence' }, 'step')}>
            New silence
          </Button>
        )
      }
      flush
    >
      <QueryNote query={query} what="the silences" />
      {query.isPending && <Waiting rows={3} what="the silences" />}
      {items?.length === 0 && (
        <Empty title="Nothing is silenced">
          <p>
            A silence stops the telling, not the watching: its alerts stay visible, and are told if they outlast it.
          </p>
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable
          label="Silences"
          columns={silenceColumns(may('alerts:manage') ? (silence) => end.mutate(silence) : undefined)}
          rows={items}
          rowId={(row) => row.id}
        />
      )}
      {making === 'silence' && <NewSilence onClose={() => put({ new: undefined })} />}
    </Panel>
  );
}

const DECLARE = `maintenance:
  - { name: nightly, title: Nightly import, cron: "0 2 * * *", timeZone: Europe/Berlin, lasts: 30m, match: { projects: [veria] } }
  - { name: move, title: Database move, from: "2027-01-10T22:00:00Z", until: "2027-01-11T02:00:00Z" }`;

const maintenanceColumns = (
  end: ((window: MaintenanceView) => void) | undefined,
): readonly Column<MaintenanceView>[] => [
  {
    id: 'state',
    header: 'State',
    cell: (row) => (
      <State tone={row.active ? 'warn' : row.window ? 'none' : 'quiet'}>
        {row.active ? 'Now' : row.window ? 'Planned' : 'Over'}
      </State>
    ),
  },
  {
    id: 'title',
    header: 'Maintenance',
    cell: (row) => (
      <>
        {row.title}
        <span className={classes.reason}>
          {matchInWords(row.match)} · {scheduleInWords(row)}
        </span>
      </>
    ),
    grow: true,
  },
  {
    id: 'from',
    header: 'Begins',
    cell: (row) => (row.window ? <Clock at={row.window.from} /> : '–'),
    hide: 'phone',
    align: 'right',
  },
  { id: 'until', header: 'Ends', cell: (row) => (row.window ? <Age at={row.window.until} /> : '–'), align: 'right' },
  {
    id: 'declared',
    header: 'Declared in',
    cell: (row) =>
      row.declaredIn === 'api' ? (
        (row.createdBy ?? 'here')
      ) : (
        <span className={classes.lock}>
          <IconLock size={13} aria-hidden="true" /> {row.declaredIn}
        </span>
      ),
    hide: 'tablet',
  },
  {
    id: 'act',
    header: '',
    align: 'right',
    cell: (row) =>
      end &&
      row.declaredIn === 'api' && (
        <Button size="compact-xs" onClick={() => end(row)} aria-label={`Remove the maintenance ${row.title}`}>
          Remove
        </Button>
      ),
  },
];

const scheduleInWords = ({ schedule }: MaintenanceView): string =>
  'cron' in schedule ? `${schedule.cron} (${schedule.timeZone}), ${schedule.lasts} each` : 'once';

function MaintenanceList() {
  const may = useMay();
  const query = useQuery(maintenanceQuery);
  const { new: making } = route.useSearch();
  const put = usePutSearch();
  const end = useMutation({
    mutationFn: (window: MaintenanceView) => api.endMaintenance(window.name),
    onError: (error) => notifications.show({ title: 'Not removed', message: error.message, role: 'alert' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['maintenance'] }),
  });
  const items = query.data?.items;
  return (
    <Panel
      title="Maintenance"
      note="times in which trouble is expected"
      tools={
        may('alerts:manage') && (
          <Button leftSection={<IconPlus size={14} />} onClick={() => put({ new: 'maintenance' }, 'step')}>
            Plan maintenance
          </Button>
        )
      }
      flush
    >
      <QueryNote query={query} what="the maintenance windows" />
      {query.isPending && <Waiting rows={3} what="the maintenance windows" />}
      {items?.length === 0 && (
        <Empty title="No maintenance is planned">
          <p>
            Nobody is told of trouble in such a time, and it does not count against uptime. Once, or again and again:
          </p>
          <Snippet label="Maintenance in orrery.yaml" code={DECLARE} />
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable
          label="Maintenance"
          columns={maintenanceColumns(may('alerts:manage') ? (window) => end.mutate(window) : undefined)}
          rows={items}
          rowId={(row) => row.name}
        />
      )}
      {making === 'maintenance' && <NewMaintenance onClose={() => put({ new: undefined })} />}
    </Panel>
  );
}
