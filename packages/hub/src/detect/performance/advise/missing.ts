import type { Column, Index, Table } from './collect.ts';
import type { PlanNode } from './explain.ts';
import { conditionsOf } from './filter.ts';

/** A smaller table is read faster as a whole. */
export const LARGE_ROWS = 10_000;
/** A filter that leaves more than this share of a table is not served by an index. */
const MAX_SHARE = 0.1;
/** A column of which one value is so frequent tells too little apart to stand in an index. */
const MIN_DISTINCT = 3;
const MAX_COLUMNS = 3;
/** The planner's defaults: random_page_cost, and what a row costs by index and by itself. */
const PAGE_COST = 4;
const ROW_COST = 0.015;
const TREE_PAGES = 3;

export type Candidate = {
  table: Table;
  columns: string[];
  sql: string;
  /** Rows that the filter leaves, and the costs of the whole plan before and, by a model, after. */
  leaves: number;
  before: number;
  after: number;
};

/** Pure: the indexes that a plan would gain from: those for whole reads of large tables of which a filter leaves little. */
export function missingIndexes(
  plan: PlanNode,
  known: { tables: readonly Table[]; indexes: readonly Index[]; columns: readonly Column[] },
): Candidate[] {
  return nodesOf(plan).flatMap((node): Candidate[] => {
    const table = known.tables.find(({ schema, name }) => schema === node.Schema && name === node['Relation Name']);
    if (node['Node Type'] !== 'Seq Scan' || !table || table.rows < LARGE_ROWS || node.Filter === undefined) return [];
    const leaves = node['Plan Rows'];
    if (leaves > MAX_SHARE * table.rows) return [];
    const columns = columnsFor(node.Filter, table, known.columns);
    if (columns.length === 0 || isServed(table, columns, known.indexes)) return [];
    // A LIMIT above makes the plan cheaper than its scan: then the scan's cost is what counts.
    const before = Math.max(plan['Total Cost'], node['Total Cost']);
    const lookup = PAGE_COST * (TREE_PAGES + Math.min(leaves, table.pages)) + ROW_COST * leaves;
    const after = before - node['Total Cost'] + lookup;
    if (after >= before) return [];
    return [{ table, columns, sql: createIndex(table, columns), leaves, before, after }];
  });
}

/** Columns compared for equality first, the most telling of them first; then one that a range is asked of. */
function columnsFor(filter: string, table: Table, columns: readonly Column[]): string[] {
  const usable = conditionsOf(filter).flatMap(({ column, operator, cast }) => {
    const known = columns.find(
      ({ schema, table: name, name: own }) => schema === table.schema && name === table.name && own === column,
    );
    // A varchar is read as text without a change; any other cast is another value, which the index does not hold.
    if (!known || (cast !== undefined && !(known.type === 'character varying' && cast === 'text'))) return [];
    return known.distinct !== null && known.distinct < MIN_DISTINCT
      ? []
      : [{ column, operator, distinct: known.distinct ?? 0 }];
  });
  const equal = usable.filter(({ operator }) => operator === '=').sort((a, b) => b.distinct - a.distinct);
  const range = usable.filter(({ operator }) => operator === 'range').slice(0, 1);
  return [...new Set([...equal, ...range].map(({ column }) => column))].slice(0, MAX_COLUMNS);
}

/** Whether an index begins with these columns, in whatever order: the planner knew it and chose otherwise. */
function isServed(table: Table, columns: readonly string[], indexes: readonly Index[]): boolean {
  return indexes.some((index) => {
    if (index.schema !== table.schema || index.table !== table.name || !index.valid) return false;
    if (index.predicate !== null || index.method !== 'btree') return false;
    const first = new Set(index.columns.slice(0, columns.length).map(plain));
    return columns.every((column) => first.has(column));
  });
}

const plain = (column: string): string => (column.startsWith('"') ? column.slice(1, -1).replaceAll('""', '"') : column);

export const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;

/** Names that are words of SQL; a quoted one is always right, so the list need not be whole. */
const RESERVED = new Set(
  'all and any array as asc case check column constraint create default desc distinct do else end except for foreign from grant group having in index into is join limit not null offset on or order primary references select table then to union unique user using when where window with'.split(
    ' ',
  ),
);

export const createIndex = ({ schema, name }: Pick<Table, 'schema' | 'name'>, columns: readonly string[]): string =>
  `CREATE INDEX CONCURRENTLY ON ${quoted(schema)}.${quoted(name)} (${columns.map(quoted).join(', ')})`;

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
