import { Button, Drawer, NativeSelect, TextInput } from '@mantine/core';
import type { AuditRecord } from '@orrery/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { urlOf } from '../api.ts';
import { auditEntryQuery, auditQuery } from '../queries.ts';
import { Age, Clock } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import { differences } from './differences.ts';
import classes from './Settings.module.css';

const route = getRouteApi('/desk/settings');
const DENIED = 'access.denied';
const SPANS = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 } as const;
const MINUTE = 60_000;

const COLUMNS: readonly Column<AuditRecord>[] = [
  { id: 'at', header: 'When', cell: (row) => <Age at={row.at} /> },
  { id: 'actor', header: 'Who', cell: (row) => row.actor.name },
  {
    id: 'verb',
    header: 'What',
    cell: (row) =>
      row.verb === DENIED ? <State tone="warn">Refused ({statusOf(row)})</State> : <code>{row.verb}</code>,
  },
  {
    id: 'target',
    header: 'To what',
    cell: (row) => (
      <Link to="/settings" search={(old: object) => ({ ...old, tab: 'audit', entry: String(row.seq) }) as never}>
        <u>{row.target}</u>
      </Link>
    ),
    grow: true,
  },
  { id: 'project', header: 'Project', cell: (row) => row.project ?? '–', hide: 'tablet' },
  { id: 'ip', header: 'From', cell: (row) => row.ip ?? 'the hub', hide: 'phone' },
  { id: 'seq', header: 'No.', cell: (row) => row.seq, align: 'right', hide: 'laptop' },
];

const statusOf = (row: AuditRecord): string => String((row.after as { status?: unknown } | null)?.status ?? '');

/** Who did what, or was refused it: found by who, what, where, when and any word; each entry opens with what it changed. */
export function Audit() {
  const { actor, verb, in: project, since, q, entry } = route.useSearch();
  const put = usePutSearch();
  // The beginning moves with the clock, and the question by the minute only.
  const from = since && new Date(Math.floor((Date.now() - SPANS[since]) / MINUTE) * MINUTE).toISOString();
  const asked = useMemo(() => ({ actor, verb, project, from, q }), [actor, verb, project, from, q]);
  const query = useInfiniteQuery(auditQuery(asked));
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const text = (label: string, value: string | undefined, key: string) => (
    <TextInput
      key={`${key} ${value ?? ''}`}
      aria-label={label}
      placeholder={label}
      defaultValue={value ?? ''}
      onBlur={({ currentTarget }) => put({ [key]: currentTarget.value.trim() || undefined })}
      onKeyDown={({ key: pressed, currentTarget }) =>
        pressed === 'Enter' && put({ [key]: currentTarget.value.trim() || undefined })
      }
    />
  );
  return (
    <Panel
      title="Audit trail"
      note={query.data && `${rows.length}${query.hasNextPage ? '+' : ''}`}
      tools={
        <Button component="a" href={urlOf('/api/audit/export', asked)} download>
          Export NDJSON
        </Button>
      }
      flush
    >
      <div className={`${classes.row} ${classes.more}`}>
        {text('Who', actor, 'actor')}
        {text('What', verb, 'verb')}
        {text('Project', project, 'in')}
        {text('Any word', q, 'q')}
        <NativeSelect
          aria-label="Since"
          value={since ?? ''}
          onChange={({ currentTarget }) => put({ since: currentTarget.value || undefined })}
          data={[
            { value: '', label: 'Ever' },
            ...Object.keys(SPANS).map((value) => ({ value, label: `Last ${value}` })),
          ]}
        />
        <Button
          aria-pressed={verb === DENIED}
          onClick={() => put({ verb: verb === DENIED ? undefined : DENIED })}
          variant={verb === DENIED ? 'filled' : 'default'}
        >
          Refused only
        </Button>
      </div>
      <QueryNote query={query} what="the audit trail" />
      {query.isPending && <Waiting rows={8} what="the audit trail" />}
      {query.data && rows.length === 0 && (
        <Empty title="No such entries">Every change and every refusal shows here.</Empty>
      )}
      {rows.length > 0 && (
        <DataTable
          label="Audit trail"
          columns={COLUMNS}
          rows={rows}
          rowId={(row) => String(row.seq)}
          activeId={entry}
        />
      )}
      {query.hasNextPage && (
        <div className={classes.more}>
          <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
            Older entries
          </Button>
        </div>
      )}
      {entry && <Entry seq={entry} onClose={() => put({ entry: undefined })} />}
    </Panel>
  );
}

function Entry({ seq, onClose }: { seq: string; onClose: () => void }) {
  const query = useQuery(auditEntryQuery(seq));
  const entry = query.data;
  return (
    <Drawer opened onClose={onClose} position="right" size="min(560px, 100%)" title={`Entry ${seq}`}>
      <QueryNote query={query} what="the entry" />
      {query.isPending && <Waiting rows={6} what="the entry" />}
      {entry && (
        <div className={classes.stack}>
          <dl className={classes.facts}>
            <dt>Who</dt>
            <dd>
              {entry.actor.name} ({entry.actor.kind} {entry.actor.id})
            </dd>
            <dt>What</dt>
            <dd>
              <code>{entry.verb}</code>
            </dd>
            <dt>To what</dt>
            <dd>
              <Subject entry={entry} />
            </dd>
            <dt>When</dt>
            <dd>
              <Clock at={entry.at} />
            </dd>
            <dt>From</dt>
            <dd>{entry.ip ?? 'the hub itself'}</dd>
            <dt>Hash</dt>
            <dd>
              <code className={classes.code}>{entry.hash}</code>
            </dd>
          </dl>
          <Changes entry={entry} />
        </div>
      )}
    </Drawer>
  );
}

/** What the entry is about, as a way there where there is a page of it. */
function Subject({ entry: { verb, target, project } }: { entry: AuditRecord }) {
  if (/^alerts\.(acknowledge|resolve|ignore)$/.test(verb))
    return (
      <Link to="/alerts" search={{ alert: target, status: 'all' } as never}>
        <u>{target}</u>
      </Link>
    );
  if (project !== null && !verb.endsWith('.remove'))
    return (
      <Link to="/projects/$slug" params={{ slug: project }}>
        <u>{target}</u>
      </Link>
    );
  return <>{target}</>;
}

function Changes({ entry }: { entry: AuditRecord }) {
  const rows = differences(entry.before, entry.after);
  if (rows.length === 0) return <Empty title="Nothing more was written down" />;
  return (
    <DataTable
      label="What changed"
      rows={rows}
      rowId={(row) => row.path}
      columns={[
        { id: 'path', header: 'Field', cell: (row) => <code>{row.path}</code> },
        { id: 'before', header: 'Before', cell: (row) => <span className={classes.wrap}>{row.before ?? '–'}</span> },
        { id: 'after', header: 'After', cell: (row) => <span className={classes.wrap}>{row.after ?? '–'}</span> },
      ]}
    />
  );
}
