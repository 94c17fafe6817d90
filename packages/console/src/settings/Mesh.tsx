import type { MeshStatus } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { meshQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { formatNumber } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';

type Refusal = MeshStatus['refusals'][number];
type Stranger = MeshStatus['strangers'][number];

const REASONS: Readonly<Record<string, string>> = {
  event_namespace: 'spoke in another namespace',
  event_project: 'named another project',
  event_shape: 'is no message at all',
  event_payload: 'is not the payload of its subject',
  event_subject: 'is no subject of the mesh',
  event_size: 'is too large or nested too deep',
  event_stale: 'is more than seven days old',
  event_repeated: 'came again, and was counted once',
  action_signature: 'a request for an action that was not signed with its key',
  action_shape: 'a request for an action that makes no sense',
  hub_ids: 'more than a hundred hubs speak for it',
};

const REFUSALS: readonly Column<Refusal>[] = [
  { id: 'project', header: 'Project', cell: (row) => <strong>{row.project}</strong>, sort: (row) => row.project },
  { id: 'reason', header: 'Why', cell: (row) => REASONS[row.reason] ?? row.reason.replaceAll('_', ' '), grow: true },
  { id: 'count', header: 'Times', cell: (row) => formatNumber(row.count), sort: (row) => row.count, align: 'right' },
];

const STRANGERS: readonly Column<Stranger>[] = [
  { id: 'ns', header: 'Namespace', cell: (row) => <code>{row.meshNs}</code> },
  { id: 'url', header: 'Says that it is', cell: (row) => row.hubUrl ?? row.slug ?? 'nothing', grow: true },
  { id: 'messages', header: 'Messages', cell: (row) => formatNumber(row.messages), align: 'right' },
  { id: 'last', header: 'Last', cell: (row) => <Age at={row.lastAt} />, align: 'right' },
];

/** What carries the mesh, and what was not taken in. */
export function Mesh() {
  const query = useQuery(meshQuery);
  const status = query.data;
  return (
    <>
      <Panel title="Mesh" note="how projects are heard">
        <QueryNote query={query} what="the mesh" />
        {query.isPending && <Waiting rows={2} what="the mesh" />}
        {status && <Carrier status={status} />}
      </Panel>
      {status && (
        <Panel title="Not taken in" note="since this hub began" flush>
          {status.refusals.length === 0 ? (
            <Empty title="Everything was taken in">
              <p>A message that lies about its project, is malformed, too large, repeated or stale is counted here.</p>
            </Empty>
          ) : (
            <DataTable
              label="Refused, by project"
              columns={REFUSALS}
              rows={status.refusals}
              rowId={(row) => `${row.project} ${row.reason}`}
            />
          )}
        </Panel>
      )}
      {status && status.strangers.length > 0 && (
        <Panel title="Strangers" note="nobody declared them; nothing of theirs is kept" flush>
          <DataTable label="Strangers" columns={STRANGERS} rows={status.strangers} rowId={(row) => row.meshNs} />
        </Panel>
      )}
    </>
  );
}

function Carrier({ status: { nats, heard, pending, conflicts } }: { status: MeshStatus }) {
  if (!nats) return <p>Over HTTP: projects push to this hub. With ORRERY_NATS_URL it hears them over NATS too.</p>;
  return (
    <>
      <p>
        <State tone={nats.connected ? 'ok' : 'bad'}>{nats.connected ? 'Connected' : 'Away'}</State> NATS {nats.version}{' '}
        at {nats.server} · {formatNumber(heard)} heard
        {pending === undefined ? '' : ` · ${formatNumber(pending)} wait`}
        {nats.lastError ? ` · ${nats.lastError}` : ''}
      </p>
      {[...nats.warnings, ...conflicts.map(({ slug, reason }) => `${slug} is not heard: ${reason}`)].map((warning) => (
        <p key={warning}>
          <State tone="warn">Warning</State> · {warning}
        </p>
      ))}
    </>
  );
}
