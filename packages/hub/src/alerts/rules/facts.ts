import type { RuleFact } from '../../detect/index.ts';
import type { Db } from '../../platform/db.ts';
import { type Rule, resolveAfter } from './compile.ts';
import type { RuleTables } from './tables.ts';

const CHUNK = 500;

/** What rules that raise alerts have last seen, by project. Rules that are gone or switched off say nothing. */
export async function ruleFacts(
  db: Db,
  rules: readonly Rule[],
  projects: readonly string[] | undefined,
): Promise<Map<string, RuleFact[]>> {
  const facts = new Map<string, RuleFact[]>();
  const raising = new Map(rules.map(({ declaration }) => [declaration.name, declaration.effect]));
  for (const [name, { kind }] of raising) if (kind !== 'alert') raising.delete(name);
  if (raising.size === 0) return facts;
  for (const some of projects === undefined ? [undefined] : chunks(projects)) {
    let query = db
      .withTables<RuleTables>()
      .selectFrom('rule_matches')
      .selectAll()
      .where('rule', 'in', [...raising.keys()]);
    if (some) query = query.where('project', 'in', some);
    for (const row of await query.execute()) {
      const effect = raising.get(row.rule);
      if (effect?.kind !== 'alert') continue;
      const known = facts.get(row.project) ?? [];
      facts.set(row.project, known);
      known.push({
        rule: row.rule,
        ...(row.service === '' ? {} : { service: row.service }),
        severity: effect.severity,
        category: effect.category,
        title: row.title,
        ...(row.description === null ? {} : { description: row.description }),
        ...(row.recommendation === null ? {} : { recommendation: row.recommendation }),
        beganAt: row.began_at,
        matchedAt: row.matched_at,
        until: row.matched_at + resolveAfter(effect),
      });
    }
  }
  return facts;
}

function* chunks(list: readonly string[]): Generator<readonly string[]> {
  for (let i = 0; i < list.length; i += CHUNK) yield list.slice(i, i + CHUNK);
}
