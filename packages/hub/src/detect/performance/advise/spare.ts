import type { Index } from './collect.ts';
import type { Advice } from './keep.ts';
import { quoted } from './missing.ts';

/** A smaller one costs next to nothing. */
const MIN_BYTES = 1024 * 1024;
/** What runs once a week must have had its turn. */
const MIN_DAYS = 7;

/** Pure: indexes that no statement has used since the statistics began, a week ago at least. Those that guard a rule are used by every write. */
export function unusedIndexes(indexes: readonly Index[], statsSeconds: number): Advice[] {
  const days = Math.floor(statsSeconds / 86_400);
  if (days < MIN_DAYS) return [];
  return indexes
    .filter(({ scans, unique, bound, bytes, valid }) => scans === 0 && !unique && !bound && valid && bytes >= MIN_BYTES)
    .map((index) => ({
      ...common('drop-unused', index),
      reason: `No statement has used ${index.name} in the ${days} days of the statistics, while every write keeps it up. Statements of standbys are not counted here: look there too.`,
    }));
}

/** Pure: indexes that another one makes superfluous: the same once more, or the beginning of a longer one. */
export function duplicateIndexes(indexes: readonly Index[]): Advice[] {
  return indexes.flatMap((index): Advice[] => {
    if (index.bound || !index.valid || index.bytes < MIN_BYTES) return [];
    const better = indexes.find((other) => other !== index && other.valid && covers(other, index, indexes));
    if (!better) return [];
    const reason =
      better.shape === index.shape
        ? `${index.name} is the same as ${better.name}: ${better.definition}.`
        : `Whatever ${index.name} serves, ${better.name} serves too: it begins with the same columns (${better.columns.join(', ')}).`;
    return [{ ...common('drop-duplicate', index), reason }];
  });
}

function covers(other: Index, index: Index, all: readonly Index[]): boolean {
  if (other.schema !== index.schema || other.table !== index.table) return false;
  if (other.shape === index.shape) {
    // Of two that are the same, one stays: that which a constraint needs, the unique one, else the first by name.
    if (index.unique && !other.unique) return false;
    if (other.bound || (other.unique && !index.unique)) return true;
    return all.indexOf(other) !== all.indexOf(index) && other.name < index.name;
  }
  if (index.unique || index.method !== 'btree' || other.method !== 'btree') return false;
  if (index.predicate !== other.predicate || other.columns.length <= index.columns.length) return false;
  return index.columns.every((column, i) => column === other.columns[i]) && sameKinds(index.shape, other.shape);
}

/** Operator classes, collations and order of the shared columns; the longer list begins with the shorter one. */
function sameKinds(one: string, other: string): boolean {
  const [, ...ours] = one.split('|').slice(0, 4);
  const [, ...theirs] = other.split('|').slice(0, 4);
  return ours.every((list, i) => `${theirs[i]} `.startsWith(`${list} `));
}

const common = (kind: 'drop-unused' | 'drop-duplicate', { schema, table, name, columns, bytes }: Index) => ({
  kind,
  table: `${schema}.${table}`,
  columns,
  sql: `DROP INDEX CONCURRENTLY ${quoted(schema)}.${quoted(name)}`,
  bytes,
});
