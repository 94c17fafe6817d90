import { useQuery } from '@tanstack/react-query';
import type { StatusPageItem } from '../api.ts';
import { statusPagesQuery } from '../queries.ts';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';

const DECLARE = `statusPages:
  - slug: public
    title: Veria status
    groups:
      - name: Shop
        services:
          - { service: veria/api, label: Checkout }`;

const COLUMNS: readonly Column<StatusPageItem>[] = [
  { id: 'title', header: 'Page', cell: (row) => row.title, grow: true },
  {
    id: 'path',
    header: 'Address',
    cell: (row) => (
      <a href={row.path} target="_blank" rel="noreferrer">
        <u>{row.path}</u>
      </a>
    ),
  },
  { id: 'services', header: 'Services', cell: (row) => row.services, align: 'right' },
];

/** Pages that anybody may open, without signing in. */
export function StatusPages() {
  const query = useQuery(statusPagesQuery);
  const items = query.data?.items;
  return (
    <Panel title="Status pages" note="public: anybody may open them" flush>
      <QueryNote query={query} what="the status pages" />
      {query.isPending && <Waiting rows={2} what="the status pages" />}
      {items?.length === 0 && (
        <Empty title="Nothing is public">
          <p>
            A status page shows chosen services to everybody: their state, 90 days of uptime, incidents and maintenance,
            under the labels that you give them, and nothing else.
          </p>
          <Snippet label="A status page in orrery.yaml" code={DECLARE} />
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable label="Status pages" columns={COLUMNS} rows={items} rowId={(row) => row.slug} />
      )}
    </Panel>
  );
}
