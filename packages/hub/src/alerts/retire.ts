import type { AlertContext } from './context.ts';
import { reconcile } from './reconcile.ts';
import { type AlertTables, HELD } from './tables.ts';

/** Ends the alerts of projects that are no longer watched, and says so: nothing will ever find them over. Returns how many. */
export async function retire(context: AlertContext, watched: readonly string[]): Promise<number> {
  const rows = await context.db
    .withTables<AlertTables>()
    .selectFrom('alerts')
    .select('project')
    .distinct()
    .where(HELD)
    .execute();
  const gone = rows.map(({ project }) => project).filter((project) => !watched.includes(project));
  if (gone.length === 0) return 0;
  const at = context.clock.now();
  return (await reconcile(context, [], { scope: gone, at, resolvedBy: 'removal of the project' })).resolved;
}
