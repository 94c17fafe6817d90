import { Button, Menu } from '@mantine/core';
import type { Fanout } from '@orrery/protocol';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useMay } from '../access/me.ts';
import { actionQuery, actionsQuery, projectsQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import classes from './Actions.module.css';
import { Results } from './Results.tsx';
import { nameOfAction, SUMMARIES, SWEEP, stateOf } from './words.ts';

const RunAction = lazy(() => import('./RunAction.tsx').then((part) => ({ default: part.RunAction })));
const route = getRouteApi('/desk/projects');

const columns = (open: (requestId: string) => void): Column<Fanout>[] => [
  {
    id: 'state',
    header: 'State',
    cell: (row) => {
      const { tone, word } = stateOf(row);
      return <State tone={tone}>{word}</State>;
    },
  },
  {
    id: 'action',
    header: 'Action',
    cell: (row) => (
      <button type="button" className={classes.open} onClick={() => open(row.requestId)}>
        {nameOfAction(row.action)}
      </button>
    ),
    grow: true,
  },
  { id: 'by', header: 'By', cell: (row) => row.requestedBy, hide: 'phone' },
  { id: 'sent', header: 'Sent', cell: (row) => row.counts.sent, align: 'right' },
  { id: 'denied', header: 'Not allowed', cell: (row) => row.counts.denied, align: 'right', hide: 'tablet' },
  { id: 'failed', header: 'Failed', cell: (row) => row.counts.failed + row.runs.failed, align: 'right' },
  { id: 'when', header: 'When', cell: (row) => <Age at={row.createdAt} />, align: 'right' },
];

/** What was asked of instances, what came of each, and the way to ask. */
export default function Actions() {
  const { request } = route.useSearch();
  const put = usePutSearch();
  const may = useMay();
  const [asking, setAsking] = useState<string>();
  const query = useInfiniteQuery(actionsQuery);
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Panel
        title="Actions"
        note="signed requests to instances, and what came of them"
        tools={may('actions:run') && <AskMenu onAsk={setAsking} />}
        flush
      >
        <QueryNote query={query} what="the actions" />
        {query.isPending && <Waiting rows={4} what="the actions" />}
        {query.data && rows.length === 0 && (
          <Empty title="Nothing was asked of an instance yet">
            <p>Actions are off until a project allows them, one by one:</p>
            <Snippet
              label="orrery.yaml"
              code={'projects:\n  - slug: veria\n    allowFanout: [audit.security, graph.refresh]'}
            />
          </Empty>
        )}
        {rows.length > 0 && (
          <DataTable
            label="Actions"
            columns={columns((requestId) => put({ request: requestId }, 'step'))}
            rows={rows}
            rowId={(row) => row.requestId}
            activeId={request}
          />
        )}
        {query.hasNextPage && (
          <div className={classes.more}>
            <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
              Older actions
            </Button>
          </div>
        )}
      </Panel>
      {request !== undefined && <OneRequest id={request} onClose={() => put({ request: undefined })} />}
      {asking !== undefined && (
        <Suspense>
          <RunAction action={asking} onClose={() => setAsking(undefined)} />
        </Suspense>
      )}
    </>
  );
}

/** The hub's own actions, and whatever some project allows. */
function AskMenu({ onAsk }: { onAsk: (action: string) => void }) {
  const projects = useQuery(projectsQuery);
  const own = new Set(['audit.security', 'graph.refresh']);
  const others = [...new Set(projects.data?.flatMap(({ allowFanout }) => allowFanout) ?? [])]
    .filter((name) => !own.has(name))
    .sort();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="filled" leftSection={<IconPlayerPlay size={14} />}>
          Ask for an action
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {[SWEEP, SUMMARIES, ...others].map((action) => (
          <Menu.Item key={action} onClick={() => onAsk(action)}>
            {nameOfAction(action)}…
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function OneRequest({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(actionQuery(id));
  const { data } = query;
  return (
    <Panel
      title={data ? nameOfAction(data.action) : 'Request'}
      note={
        data && (
          <>
            {data.instanceAction} <span className={classes.by}>by {data.requestedBy}</span> <Age at={data.createdAt} />
          </>
        )
      }
      tools={
        <>
          <code className={classes.id}>{id}</code>
          <Button onClick={onClose}>Close</Button>
        </>
      }
      flush
    >
      <QueryNote query={query} what="the request" />
      {query.isPending && <Waiting rows={4} what="the request" />}
      {data && <Results results={data.results} />}
    </Panel>
  );
}
