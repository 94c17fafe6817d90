import type { HealMode, HealPolicyView } from '@orrery/protocol';
import { IconLock } from '@tabler/icons-react';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMay } from '../access/me.ts';
import { simulationQuery } from '../queries.ts';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import type { Tone } from '../ui/state.ts';
import classes from './Healing.module.css';
import { nameOf, wouldHave } from './simulated.ts';

const MODE: Record<HealMode, string> = {
  dryRun: 'Dry run',
  suggest: 'Suggests',
  approve: 'Asks',
  automatic: 'Acts by itself',
};
const VERDICT: Record<string, Tone> = {
  act: 'ok',
  approve: 'warn',
  suggest: 'warn',
  person: 'bad',
  wait: 'none',
  would: 'none',
};

const DECLARE = `repair: { enabled: true }
projects:
  - slug: shop
    # …
    services:
      - name: api
        probes: [{ kind: http, url: https://shop.example.com/, interval: 5s }]
        heal:
          - name: restart
            mode: dryRun        # then approve, then automatic
            remedy: { kind: docker, container: shop-api }
            verify: { within: 2m, stableFor: 15s }`;

const week = (row: HealPolicyView) =>
  row.mode === 'dryRun' ? `said ${row.wouldHave}× what it would do` : `${row.healed} of ${row.attempts} healed`;

/** What it did, and what it would have done by the guard of now: that leads to when, and to what became of it. */
function Week({ row }: { row: HealPolicyView }) {
  const may = useMay();
  const { data } = useQuery({ ...simulationQuery(7), enabled: may('ops:view') });
  const simulated = data?.policies.find((policy) => nameOf(policy) === nameOf(row));
  return (
    <>
      {week(row)}
      {simulated && (
        <span className={classes.detail}>
          <Link to="/healing" search={{ tab: 'simulation', policy: nameOf(row) }} className={classes.underlined}>
            would have {wouldHave(simulated)}
          </Link>
        </span>
      )}
    </>
  );
}

const COLUMNS: readonly Column<HealPolicyView>[] = [
  {
    id: 'target',
    header: 'Service',
    cell: (row) => `${row.project}/${row.service}`,
    sort: (row) => `${row.project}/${row.service}`,
  },
  { id: 'policy', header: 'Policy', cell: (row) => row.policy, hide: 'tablet' },
  { id: 'mode', header: 'Mode', cell: (row) => MODE[row.mode], sort: (row) => row.mode },
  {
    id: 'now',
    header: 'Remedy, and what the guard says now',
    cell: (row) => (
      <>
        {row.remedy.text}
        <span className={classes.detail}>
          {row.verdict ? (
            <State tone={VERDICT[row.verdict.kind] ?? 'none'}>{row.verdict.reason}</State>
          ) : (
            'nothing to do: its alert is not open'
          )}
        </span>
      </>
    ),
    grow: true,
    hide: 'phone',
  },
  { id: 'week', header: 'Seven days', cell: (row) => <Week row={row} />, align: 'right' },
  {
    id: 'declared',
    header: 'Declared in',
    cell: (row) => (
      <span className={classes.declared}>
        <IconLock size={12} aria-hidden="true" /> {row.declaredIn}
      </span>
    ),
    hide: 'laptop',
  },
];

/** What may be done about which service, what it did in a week, and why it does nothing now. */
export function Policies({ query }: { query: UseQueryResult<{ items: HealPolicyView[] }> }) {
  const items = query.data?.items;
  return (
    <Panel title="Policies" note="what may be done, as orrery.yaml declares it" flush>
      <QueryNote query={query} what="the policies" />
      {query.isPending && <Waiting rows={3} what="the policies" />}
      {items?.length === 0 && (
        <Empty title="No policy is declared">
          <p>
            A policy says what may be done about a service's trouble, how often, and how it is proved. Each begins as a
            dry run that only says what it would have done.
          </p>
          <Snippet label="A policy in orrery.yaml" code={DECLARE} />
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable
          label="Policies"
          columns={COLUMNS}
          rows={items}
          rowId={(row) => `${row.project}/${row.service}/${row.policy}`}
        />
      )}
    </Panel>
  );
}
