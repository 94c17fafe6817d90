import type { LogTemplate } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { templatesQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Mark, State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Segments } from '../ui/Segments.tsx';
import { Sparkline } from '../ui/Sparkline.tsx';
import type { Sort } from '../ui/search.ts';
import classes from './LogTemplates.module.css';
import { LEVEL_TONE } from './logLevels.ts';
import { literalOf } from './templateText.ts';

const SHORT = 8;

const columns = (onPick: (text: string) => void): readonly Column<LogTemplate>[] => [
  {
    id: 'level',
    header: 'Level',
    cell: (row) => (
      <span className={classes.level}>
        <Mark tone={LEVEL_TONE[row.level]} size={7} />
        {row.level}
      </span>
    ),
    value: (row) => row.level,
    hide: 'phone',
  },
  {
    id: 'template',
    header: 'Template',
    cell: (row) => (
      <button
        type="button"
        className={classes.template}
        title={row.example}
        onClick={() => onPick(literalOf(row.template))}
      >
        {(row.isNew || row.isFrequent) && (
          <span className={classes.flag}>
            <State tone="warn">{row.isNew ? 'new' : 'far more often'}</State>
          </span>
        )}
        {row.template}
      </button>
    ),
    sort: (row) => row.template,
    value: (row) => row.template,
    grow: true,
  },
  { id: 'service', header: 'Service', cell: (row) => row.service, value: (row) => row.service, hide: 'tablet' },
  {
    id: 'hours',
    header: 'Last 24 h',
    cell: (row) => (
      <span className={classes.spark}>
        <Sparkline
          values={row.hours}
          height={18}
          tone="quiet"
          label={`Lines in each of the last 24 hours: ${row.hours.join(', ')}`}
        />
      </span>
    ),
    hide: 'phone',
  },
  {
    id: 'lines',
    header: 'Lines',
    cell: (row) => row.lastDay.toLocaleString('en'),
    sort: (row) => row.lastDay,
    value: (row) => row.lastDay,
    align: 'right',
  },
  {
    id: 'first',
    header: 'First seen',
    cell: (row) => <Age at={row.firstAt} />,
    sort: (row) => row.firstAt,
    value: (row) => row.firstAt,
    align: 'right',
    hide: 'tablet',
  },
  {
    id: 'last',
    header: 'Last seen',
    cell: (row) => <Age at={row.lastAt} />,
    sort: (row) => row.lastAt,
    value: (row) => row.lastAt,
    align: 'right',
    hide: 'phone',
  },
];

/** What the log is made of: lines that differ only in their values, as one row each. Choosing one searches the log for it. */
export function LogTemplates({ slug, onPick }: { slug: string; onPick: (text: string) => void }) {
  const [order, setOrder] = useState<'frequent' | 'newest'>('frequent');
  const [all, setAll] = useState(false);
  const [sort, setSort] = useState<Sort>();
  const query = useQuery(templatesQuery(slug, order));
  const items = query.data?.items ?? [];
  if (query.data && items.length === 0) return null;
  const rows = all ? items : items.slice(0, SHORT);
  return (
    <Panel
      title="Templates"
      note={query.data && `${items.length} in the last 24 hours`}
      tools={
        <Segments<'frequent' | 'newest'>
          label="Order of the templates"
          value={order}
          onChange={setOrder}
          options={[
            { value: 'frequent', label: 'Most lines' },
            { value: 'newest', label: 'Newest' },
          ]}
        />
      }
      flush
    >
      <QueryNote query={query} what="the templates" />
      {query.isPending && <Waiting rows={4} what="the templates" />}
      {rows.length > 0 && (
        <DataTable
          label="Log templates"
          columns={columns(onPick)}
          rows={rows}
          rowId={(row) => row.id}
          sort={sort}
          onSort={setSort}
        />
      )}
      {items.length > SHORT && (
        <button type="button" className={classes.more} onClick={() => setAll(!all)}>
          {all ? 'Fewer' : `All ${items.length}`}
        </button>
      )}
    </Panel>
  );
}
