import { Checkbox } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { createSortedRowModel, type Row, rowSortingFeature, tableFeatures, useTable } from '@tanstack/react-table';
import { type ReactNode, useMemo, useRef } from 'react';
import classes from './DataTable.module.css';
import type { Cell } from './export.ts';
import type { Sort } from './search.ts';
import { useRowWindow } from './useRowWindow.ts';

export type Column<T> = {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** What the column sorts by; a column without it cannot be sorted. Null goes last, whichever way. */
  sort?: (row: T) => string | number | null;
  /** What an exported file holds. */
  value?: (row: T) => Cell;
  align?: 'right';
  /** Left out on screens narrower than this. */
  hide?: 'phone' | 'tablet' | 'laptop';
  /** Takes what room is left and cuts its text. */
  grow?: boolean;
};

type Selection = { ids: ReadonlySet<string>; onChange: (ids: ReadonlySet<string>) => void };
type Props<T> = {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowId: (row: T) => string;
  /** What the row is called where its check box speaks. */
  rowName?: (row: T) => string;
  sort?: Sort | undefined;
  onSort?: (sort: Sort) => void;
  selection?: Selection | undefined;
  activeId?: string | undefined;
  pendingIds?: ReadonlySet<string>;
};

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
type Any = Record<string, unknown>;

/** Rows of facts: sortable by its heads, selectable, drawn only where they can be seen once there are many. */
export function DataTable<T>(props: Props<T>) {
  const { label, columns, rows, rowId, rowName = rowId, sort, onSort, selection, activeId, pendingIds } = props;
  const defs = useMemo(
    () =>
      columns.map((column) => ({
        id: column.id,
        accessorFn: (row: Any) => column.sort?.(row as T) ?? null,
        enableSorting: column.sort !== undefined,
        sortUndefined: false as const,
        sortFn: (a: Row<typeof features, Any>, b: Row<typeof features, Any>) =>
          compare(a.getValue(column.id), b.getValue(column.id), sort?.desc ?? false),
      })),
    [columns, sort?.desc],
  );
  const table = useTable({
    features,
    columns: defs,
    data: rows as readonly Any[] as Any[],
    getRowId: (row: Any) => rowId(row as T),
    state: { sorting: sort ? [sort] : [] },
  });
  const model = table.getRowModel().rows;
  const body = useRef<HTMLTableSectionElement>(null);
  const view = useRowWindow(model.length, body);
  const shown = view ? view.items.map((item) => model[item]).filter((row) => row !== undefined) : model;
  const ids = model.map((row) => row.id);
  const width = columns.length + (selection ? 1 : 0);

  return (
    <div className={classes.scroll}>
      <table className={classes.table} aria-label={label} aria-rowcount={model.length + 1}>
        <thead>
          <tr>
            {selection && (
              <th className={classes.check}>
                <Checkbox
                  aria-label={`Select all: ${label}`}
                  checked={ids.length > 0 && ids.every((id) => selection.ids.has(id))}
                  indeterminate={ids.some((id) => selection.ids.has(id)) && !ids.every((id) => selection.ids.has(id))}
                  onChange={(event) => selection.onChange(new Set(event.currentTarget.checked ? ids : []))}
                />
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {view && view.before > 0 && <Gap width={width} height={view.before} />}
          {shown.map((row) => (
            <tr
              key={row.id}
              data-row={row.id}
              data-active={row.id === activeId || undefined}
              data-pending={pendingIds?.has(row.id) || undefined}
              aria-current={row.id === activeId || undefined}
              aria-busy={pendingIds?.has(row.id) || undefined}
            >
              {selection && (
                <td className={classes.check}>
                  <Checkbox
                    aria-label={`Select ${rowName(row.original as T)}`}
                    checked={selection.ids.has(row.id)}
                    onChange={() => selection.onChange(toggled(selection.ids, row.id))}
                  />
                </td>
              )}
              {columns.map((column) => (
                <td key={column.id} className={classOf(column)} data-hide={column.hide}>
                  {column.cell(row.original as T)}
                </td>
              ))}
            </tr>
          ))}
          {view && view.after > 0 && <Gap width={width} height={view.after} />}
        </tbody>
      </table>
    </div>
  );
}

const classOf = <T,>(column: Column<T>) =>
  [column.align === 'right' ? classes.right : '', column.grow ? classes.grow : ''].join(' ').trim() || undefined;

type HeadProps<T> = { column: Column<T>; sort: Sort | undefined; onSort: ((sort: Sort) => void) | undefined };

function Head<T>({ column, sort, onSort }: HeadProps<T>) {
  const sorted = sort?.id === column.id ? (sort.desc ? 'descending' : 'ascending') : undefined;
  const Arrow = sorted === 'descending' ? IconArrowDown : IconArrowUp;
  return (
    <th scope="col" className={classOf(column)} data-hide={column.hide} aria-sort={sorted}>
      {column.sort && onSort ? (
        <button
          type="button"
          className={classes.head}
          onClick={() => onSort({ id: column.id, desc: sorted === 'ascending' })}
        >
          {column.header}
          <Arrow size={12} className={classes.arrow} data-on={sorted !== undefined || undefined} aria-hidden="true" />
        </button>
      ) : (
        column.header || <span className="sr-only">Actions</span>
      )}
    </th>
  );
}

function Gap({ width, height }: { width: number; height: number }) {
  return (
    <tr className={classes.gap}>
      <td colSpan={width} style={{ height }} />
    </tr>
  );
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** Ascending; the table turns it round. Null is last both ways, so it is turned round beforehand. */
function compare(a: unknown, b: unknown, desc: boolean): number {
  if (a === b) return 0;
  if (a === null) return desc ? -1 : 1;
  if (b === null) return desc ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
