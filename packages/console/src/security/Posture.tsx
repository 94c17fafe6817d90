import { Button } from '@mantine/core';
import type { SecurityPosture } from '@orrery/protocol';
import { IconShieldSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useMay } from '../access/me.ts';
import { SWEEP } from '../actions/words.ts';
import { postureQuery, queryClient } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatNumber, NONE } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { useNow } from '../ui/now.ts';
import { Panel } from '../ui/Panel.tsx';
import type { Sort } from '../ui/search.ts';
import classes from './Security.module.css';
import { attacksOf, standing } from './words.ts';

const RunAction = lazy(() => import('../actions/RunAction.tsx').then((module) => ({ default: module.RunAction })));

const number = (value: number | null) => (value === null ? NONE : formatNumber(value));

const columnsAt = (now: number): readonly Column<SecurityPosture>[] => [
  {
    id: 'standing',
    header: 'Standing',
    cell: (row) => <State tone={standing(row, now).tone}>{standing(row, now).word}</State>,
    sort: (row) => standing(row, now).word,
    value: (row) => standing(row, now).word,
  },
  {
    id: 'project',
    header: 'Project',
    cell: (row) => (
      <Link to="/projects/$slug" params={{ slug: row.project }} className={classes.link}>
        {row.project}
      </Link>
    ),
    sort: (row) => row.project,
    value: (row) => row.project,
    grow: true,
  },
  {
    id: 'critical',
    header: 'Critical',
    cell: (row) => number(row.vulnsCritical),
    sort: (row) => row.vulnsCritical,
    value: (row) => row.vulnsCritical,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'high',
    header: 'High',
    cell: (row) => number(row.vulnsHigh),
    sort: (row) => row.vulnsHigh,
    value: (row) => row.vulnsHigh,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'scan',
    header: 'Last scan',
    cell: (row) => <Age at={row.lastScanAt} />,
    sort: (row) => row.lastScanAt,
    value: (row) => row.lastScanAt,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'audits',
    header: 'Audits ok / warn / fail',
    cell: (row) =>
      row.auditsOk === null ? NONE : [row.auditsOk, row.auditsWarn, row.auditsFail].map(number).join(' / '),
    sort: (row) => row.auditsFail,
    value: (row) => [row.auditsOk, row.auditsWarn, row.auditsFail].join('/'),
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'audit',
    header: 'Last audit',
    cell: (row) => <Age at={row.lastAuditAt} />,
    sort: (row) => row.lastAuditAt,
    value: (row) => row.lastAuditAt,
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'attacks',
    header: 'Attacks, 24 h',
    cell: (row) =>
      row.inspected ? formatNumber(attacksOf(row)) : <span className={classes.quiet}>not looked at</span>,
    sort: (row) => (row.inspected ? attacksOf(row) : null),
    value: (row) => (row.inspected ? attacksOf(row) : null),
    align: 'right',
  },
];

/** How each project stands, and the button that has all of them looked at again. */
export function Posture() {
  const query = useQuery(postureQuery);
  const now = useNow('slow');
  const columns = useMemo(() => columnsAt(now), [now]);
  const [sort, setSort] = useState<Sort>({ id: 'project', desc: false });
  const [sweeping, setSweeping] = useState(false);
  const may = useMay();
  const rows = query.data?.items ?? [];
  return (
    <Panel
      title="Posture"
      note={query.data && `${rows.length} projects`}
      tools={
        <>
          {may('actions:run') && (
            <Button leftSection={<IconShieldSearch size={14} />} onClick={() => setSweeping(true)}>
              Run a security sweep
            </Button>
          )}
          <ExportMenu name="security-posture" columns={columns} rows={rows} />
        </>
      }
      flush
    >
      <QueryNote query={query} what="how the projects stand" />
      {query.isPending && <Waiting rows={3} what="how the projects stand" />}
      {query.data && rows.length === 0 && (
        <Empty title="No project yet">
          <p>
            A project reports its vulnerabilities by <code>instance.summary.security(…)</code>, and answers a sweep by
            an action <code>audit.security</code>.
          </p>
        </Empty>
      )}
      {rows.length > 0 && (
        <DataTable
          label="Security posture"
          columns={columns}
          rows={rows}
          rowId={(row) => row.project}
          sort={sort}
          onSort={setSort}
        />
      )}
      {sweeping && (
        <Suspense fallback={null}>
          <RunAction
            action={SWEEP}
            onClose={() => {
              setSweeping(false);
              void queryClient.invalidateQueries({ queryKey: ['security'] });
            }}
          />
        </Suspense>
      )}
    </Panel>
  );
}
