import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTransaction, openDatabase } from '../../packages/hub/src/platform/db.ts';

/** A process that commits to the embedded database without pause, to be killed at any moment. */
export const WRITER = fileURLToPath(import.meta.url);

/** `dataDir first`: one line `[row, bytes of the log]` for each row that is committed, counted from `first`. */
async function run([dataDir = '', first = '']: string[]): Promise<void> {
  const { db } = await openDatabase({ dataDir });
  const tables = db.withTables<{ written: { n: number; text: string } }>();
  await tables.schema
    .createTable('written')
    .ifNotExists()
    .addColumn('n', 'integer', (column) => column.primaryKey())
    .addColumn('text', 'text', (column) => column.notNull())
    .execute();
  for (let n = Number(first); ; n++) {
    // Rows of very different size: some commits are one page of the log, some are many.
    await inTransaction(db, async (trx) => {
      await trx
        .withTables<{ written: { n: number; text: string } }>()
        .insertInto('written')
        .values({ n, text: 'x'.repeat(n % 7 === 0 ? 40_000 : 50) })
        .execute();
    });
    process.stdout.write(`${JSON.stringify([n, statSync(join(dataDir, 'orrery.db-wal')).size])}\n`);
  }
}

if (process.argv[1] === WRITER) await run(process.argv.slice(2));
