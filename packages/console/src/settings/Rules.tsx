import type { RuleView } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { rulesQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import classes from './Settings.module.css';

const DECLARE = `rules:
  - name: deploy-failed
    on: event
    when: event.type == "deploy.finished" && event.data.ok == false
    effect: { kind: alert, severity: critical, title: "Deploy of \${event.project} failed" }`;

const COLUMNS: readonly Column<RuleView>[] = [
  { id: 'name', header: 'Rule', cell: (row) => row.name },
  {
    id: 'state',
    header: 'State',
    cell: (row) => (
      <State tone={!row.enabled ? 'quiet' : row.lastError ? 'bad' : 'ok'}>
        {!row.enabled ? 'Off' : row.lastError ? 'Failing' : 'On'}
      </State>
    ),
  },
  {
    id: 'when',
    header: 'When',
    cell: (row) => (
      <>
        <code className={classes.code}>{row.when}</code>
        {row.lastError && <span className={classes.error}>{row.lastError}</span>}
      </>
    ),
    grow: true,
  },
  {
    id: 'effect',
    header: 'Then',
    cell: (row) => (row.effect.kind === 'notify' ? `tell ${row.effect.channels.join(', ')}` : row.effect.kind),
    hide: 'phone',
  },
  { id: 'matches', header: 'Matches', cell: (row) => row.matches, sort: (row) => row.matches, align: 'right' },
  { id: 'last', header: 'Last', cell: (row) => <Age at={row.lastMatchAt} />, align: 'right', hide: 'phone' },
  { id: 'declared', header: 'Declared in', cell: (row) => row.declaredIn, hide: 'laptop' },
];

/** Rules over events and samples, and how often each has matched since the hub started. */
export function Rules() {
  const query = useQuery(rulesQuery);
  const items = query.data?.items;
  return (
    <Panel title="Rules" note="events and samples in, alerts and notifications out" flush>
      <QueryNote query={query} what="the rules" />
      {query.isPending && <Waiting rows={3} what="the rules" />}
      {items?.length === 0 && (
        <Empty title="No rule is declared">
          <p>
            A rule looks at every event or sample (CEL) and raises an alert, an event or a notification. It is read
            again when orrery.yaml is saved; <code>orrery rules examples</code> prints five to begin with.
          </p>
          <Snippet label="A rule in orrery.yaml" code={DECLARE} />
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable label="Rules" columns={COLUMNS} rows={items} rowId={(row) => row.name} />
      )}
    </Panel>
  );
}
