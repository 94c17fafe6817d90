import type { Config } from '../config/index.ts';
import type { Database } from '../platform/db.ts';
import type { Terminal } from './terminal.ts';

/** Runs `work` straight in the hub's database, whether the hub runs or not; `sealed` when it needs the master key. The file has no say: a mistake in it must lock nobody out. */
export async function inDatabase<T>(
  { data, sealed }: { data?: string | undefined; sealed: boolean },
  { env, cwd }: Terminal,
  work: (database: Database, config: Config) => Promise<T>,
): Promise<T> {
  const [{ loadConfig }, { openDatabase }, { migrate }] = await Promise.all([
    import('../config/index.ts'),
    import('../platform/db.ts'),
    import('../platform/migrate.ts'),
  ]);
  // A half-set pair of these would be a mistake of the hub's environment, and this is not the hub.
  const { ORRERY_ADMIN_EMAIL: _, ORRERY_ADMIN_PASSWORD: __, ...rest } = env;
  const config = loadConfig({ env: rest, cwd, flags: { data }, withoutFile: true });
  // The key comes first: a folder that has a database but no key is one whose key was lost.
  if (sealed) config.masterKey.reveal();
  const url = config.databaseUrl?.reveal();
  const database = await openDatabase({ dataDir: config.dataDir, ...(url ? { url } : {}) });
  try {
    await migrate(database.db, database.kind);
    return await work(database, config);
  } finally {
    await database.close();
  }
}
