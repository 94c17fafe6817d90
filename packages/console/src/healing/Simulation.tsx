import type { SimulatedAct, SimulatedPolicy } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { simulationQuery } from '../queries.ts';
import { Clock } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatSpan, plural } from '../ui/format.ts';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Segments } from '../ui/Segments.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import type { Sort } from '../ui/search.ts';
import { usePutSearch } from '../ui/usePutSearch.ts';
import classes from './Healing.module.css';
import { nameOf, SIMULATED_DAYS, wouldHave } from './simulated.ts';

const WORD: Record<SimulatedAct['kind'], string> = {
  act: 'Act',
  approve: 'Ask',
  suggest: 'Suggest',
  person: 'Leave it to a person',
};

const reasons = ({ refused }: SimulatedPolicy) =>
  refused.map(({ reason, alerts }) => `${reason} (${plural(alerts, 'alert')})`).join('; ') || '–';

const COLUMNS: readonly Column<SimulatedPolicy>[] = [
  {
    id: 'policy',
    header: 'Policy',
    cell: (row) => (
      <Link to="/healing" search={{ tab: 'simulation', policy: nameOf(row) }} className={classes.link}>
        {row.project}/{row.service}, {row.policy}
      </Link>
    ),
    sort: nameOf,
    value: nameOf,
  },
  {
    id: 'alerts',
    header: 'Alerts',
    cell: (row) => row.alerts,
    sort: (row) => row.alerts,
    value: (row) => row.alerts,
    align: 'right',
  },
  {
    id: 'would',
    header: 'Would have',
    cell: (row) => wouldHave(row),
    sort: (row) => row.acts.length,
    value: wouldHave,
  },
  { id: 'refused', header: 'What kept it from more', cell: reasons, value: reasons, grow: true, hide: 'phone' },
];

const became = ({ endedAfterMs, openForMs }: SimulatedAct) =>
  endedAfterMs === null
    ? `still open, for ${formatSpan(openForMs)}`
    : `ended ${formatSpan(endedAfterMs)} later, ${formatSpan(openForMs)} in all`;

const ACTS: readonly Column<SimulatedAct>[] = [
  { id: 'at', header: 'When', cell: (row) => <Clock at={row.at} />, sort: (row) => row.at, value: (row) => row.at },
  {
    id: 'kind',
    header: 'Would',
    cell: (row) => WORD[row.kind],
    sort: (row) => row.kind,
    value: (row) => WORD[row.kind],
  },
  {
    id: 'alert',
    header: 'Alert',
    cell: (row) => (
      <Link to="/alerts" search={{ alert: row.alertId }} className={classes.link}>
        {row.title}
      </Link>
    ),
    value: (row) => row.title,
    grow: true,
  },
  { id: 'why', header: 'Because', cell: (row) => row.reason, value: (row) => row.reason, hide: 'tablet' },
  { id: 'became', header: 'What became of it', cell: became, sort: (row) => row.openForMs, value: became },
];

/** What the policies would have done with the alerts of the last days, and what really became of those. */
export function Simulation({ days, chosen }: { days: number; chosen: string | undefined }) {
  const put = usePutSearch();
  const query = useQuery(simulationQuery(days));
  const [sort, setSort] = useState<Sort>({ id: 'would', desc: true });
  const items = query.data?.policies;
  const policy = items?.find((row) => nameOf(row) === chosen);
  return (
    <div className={classes.stack}>
      <Panel
        title="Simulation"
        note="what the policies would have done; nothing is done"
        tools={
          <>
            <Segments
              label="How far back"
              value={String(days)}
              options={SIMULATED_DAYS.map((value) => ({
                value: String(value),
                label: value === 1 ? '1 day' : `${value} days`,
              }))}
              onChange={(value) => put({ days: value })}
            />
            {items && <ExportMenu name="orrery-simulation" columns={COLUMNS} rows={items} />}
          </>
        }
        flush
      >
        <QueryNote query={query} what="the simulation" />
        {query.isPending && <Waiting rows={3} what="the simulation" />}
        {items?.length === 0 && (
          <Empty title="No policy is declared">
            <p>Policies of a file are tried on the past before they are put in force.</p>
            <Snippet label="Try a file" code="orrery heal simulate --config orrery.yaml --details" />
          </Empty>
        )}
        {items && items.length > 0 && (
          <DataTable
            label="Simulated policies"
            columns={COLUMNS}
            rows={items}
            rowId={nameOf}
            sort={sort}
            onSort={setSort}
            activeId={chosen}
          />
        )}
        {query.data && items && items.length > 0 && (
          <p className={classes.assumes}>Taken for granted: {query.data.assumes.join('; ')}.</p>
        )}
      </Panel>
      {policy && <Acts policy={policy} />}
    </div>
  );
}

function Acts({ policy }: { policy: SimulatedPolicy }) {
  const [sort, setSort] = useState<Sort>({ id: 'at', desc: true });
  return (
    <Panel
      title={`${policy.project}/${policy.service}, ${policy.policy}`}
      note={policy.remedy.text}
      tools={<ExportMenu name={`orrery-simulation-${policy.policy}`} columns={ACTS} rows={policy.acts} />}
      flush
    >
      {policy.acts.length === 0 ? (
        <Empty title="It would have done nothing">
          <p>{policy.alerts === 0 ? 'No alert that it is for was open.' : reasons(policy)}</p>
        </Empty>
      ) : (
        <DataTable
          label="Simulated acts"
          columns={ACTS}
          rows={policy.acts}
          rowId={(row) => `${row.alertId} ${row.at}`}
          sort={sort}
          onSort={setSort}
        />
      )}
    </Panel>
  );
}
