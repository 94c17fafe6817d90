import type { AiProviderView } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { ApiError } from '../api.ts';
import { aiProvidersQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { formatMs } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import type { Tone } from '../ui/state.ts';
import classes from './Ai.module.css';
import { PROVIDERS_YAML } from './snippets.ts';

const TONE: Record<AiProviderView['state'], Tone> = { healthy: 'ok', degraded: 'warn', down: 'bad', unknown: 'none' };
const WORD: Record<AiProviderView['state'], string> = {
  healthy: 'Healthy',
  degraded: 'Degraded',
  down: 'Down',
  unknown: 'Not asked yet',
};
const BREAKER = { closed: 'closed', open: 'open', 'half-open': 'on trial' } as const;

const COLUMNS: readonly Column<AiProviderView>[] = [
  {
    id: 'name',
    header: 'Provider',
    cell: (row) => (
      <>
        {row.name}
        <span className={classes.sub}>
          {row.origin}
          {row.local ? ' · local' : ''}
        </span>
      </>
    ),
    grow: true,
  },
  { id: 'state', header: 'State', cell: (row) => <State tone={TONE[row.state]}>{WORD[row.state]}</State> },
  { id: 'priority', header: 'Priority', cell: (row) => row.priority, align: 'right', hide: 'phone' },
  { id: 'latency', header: 'First content', cell: (row) => formatMs(row.latencyMs), align: 'right', hide: 'tablet' },
  { id: 'now', header: 'Under way', cell: (row) => row.inFlight, align: 'right', hide: 'tablet' },
  {
    id: 'breakers',
    header: 'Breakers',
    cell: (row) =>
      row.keys
        .map(({ id, breaker }) => (row.keys.length > 1 ? `${id} ${BREAKER[breaker]}` : BREAKER[breaker]))
        .join(', '),
    hide: 'phone',
  },
  {
    id: 'failure',
    header: 'Last failure',
    cell: (row) =>
      row.lastFailureAt === null ? (
        'none'
      ) : (
        <span title={row.lastFailure ?? undefined}>
          <Age at={row.lastFailureAt} />
        </span>
      ),
    align: 'right',
    hide: 'laptop',
  },
];

/** How each provider is now, and whether its breakers let calls through. */
export function Providers() {
  const query = useQuery(aiProvidersQuery);
  const items = query.data?.items;
  // Whoever belongs to a tenant is not told of the company's own contracts.
  if (query.error instanceof ApiError && query.error.status === 403) return null;
  return (
    <Panel title="Providers" note="as this hub sees them" flush>
      <QueryNote query={query} what="the providers" />
      {query.isPending && <Waiting rows={3} what="the providers" />}
      {items?.length === 0 && (
        <Empty title="No provider is declared">
          <Snippet label="Providers in orrery.yaml" code={PROVIDERS_YAML} />
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable label="AI providers" columns={COLUMNS} rows={items} rowId={(row) => row.name} />
      )}
    </Panel>
  );
}
