import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Database, openDatabase } from './db.ts';
import { migrate } from './migrate.ts';

export { CERTIFICATE, PRIVATE_KEY } from './outbound/certificate.fixture.ts';

/** For tests: a migrated SQLite database in a folder of its own, gone with `close`. */
export async function temporaryDatabase(): Promise<Database & { dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-test-'));
  const database = await openDatabase({ dataDir: dir });
  await migrate(database.db, database.kind);
  return {
    ...database,
    dir,
    async close() {
      await database.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export const silentLog = pino({ level: 'silent' });
