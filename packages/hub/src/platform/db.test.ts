import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { holdDataDir, inTransaction, inTransactionAside, openDatabase } from './db.ts';
import { isOutage } from './outage.ts';
import { createSecrets } from './secrets.ts';
import { temporaryDatabase } from './testing.ts';

describe('the embedded database', () => {
  it('commits all of a transaction or nothing of it', async () => {
    const { db, close } = await temporaryDatabase();
    await sql`CREATE TABLE t (a INTEGER PRIMARY KEY)`.execute(db);
    const failed = inTransaction(db, async (trx) => {
      await sql`INSERT INTO t VALUES (1)`.execute(trx);
      await sql`INSERT INTO t VALUES (1)`.execute(trx);
    });
    await expect(failed).rejects.toThrow(/UNIQUE/);
    expect((await sql`SELECT * FROM t`.execute(db)).rows).toEqual([]);
    await close();
  });

  it('lets many transactions at once each see the last one finished', async () => {
    const { db, close } = await temporaryDatabase();
    await sql`CREATE TABLE counter (n INTEGER)`.execute(db);
    await sql`INSERT INTO counter VALUES (0)`.execute(db);
    await Promise.all(
      Array.from({ length: 50 }, () =>
        inTransaction(db, async (trx) => {
          const { rows } = await sql<{ n: number }>`SELECT n FROM counter`.execute(trx);
          await sql`UPDATE counter SET n = ${(rows[0]?.n ?? 0) + 1}`.execute(trx);
        }),
      ),
    );
    expect((await sql`SELECT n FROM counter`.execute(db)).rows).toEqual([{ n: 50 }]);
    await close();
  });

  it('says so when a transaction asks beside itself, and goes on afterwards', async () => {
    const { db, close } = await temporaryDatabase();
    const beside = inTransaction(db, async () => sql`SELECT 1`.execute(db));
    await expect(beside).rejects.toThrow(/only its own `trx` may be asked/);
    const nested = inTransaction(db, async () => inTransaction(db, async (trx) => sql`SELECT 1`.execute(trx)));
    await expect(nested).rejects.toThrow(/only its own `trx` may be asked/);
    // Another database, a transaction that is handed on, and what was begun inside but asks afterwards.
    const other = await temporaryDatabase();
    let later: Promise<unknown> | undefined;
    await inTransaction(db, async (trx) => {
      await sql`SELECT 1`.execute(other.db);
      await inTransaction(trx, (same) => sql`SELECT 1`.execute(same));
      later = new Promise((resolve) => setTimeout(resolve, 5)).then(() => sql`SELECT 1`.execute(db));
    });
    await later;
    await other.close();
    await close();
  });

  it('waits for the disk beside the thread in one transaction alone, and in it for all of it or nothing', async () => {
    const { db, close } = await temporaryDatabase();
    const waits = async (of: typeof db) =>
      (await sql<{ synchronous: number }>`PRAGMA synchronous`.execute(of)).rows[0]?.synchronous === 2;
    await sql`CREATE TABLE t (a INTEGER PRIMARY KEY)`.execute(db);
    let other: Promise<boolean> | undefined;
    const within = await inTransactionAside(db, async (trx) => {
      await sql`INSERT INTO t VALUES (1)`.execute(trx);
      // Begun by its code, and a transaction of its own.
      other = new Promise((resolve) => setImmediate(resolve)).then(() => inTransaction(db, waits));
      return waits(trx);
    });
    expect([within, await other, await waits(db)]).toEqual([false, true, true]);
    const failed = inTransactionAside(db, async (trx) => {
      await sql`INSERT INTO t VALUES (2)`.execute(trx);
      await sql`INSERT INTO t VALUES (2)`.execute(trx);
    });
    await expect(failed).rejects.toThrow(/UNIQUE/);
    expect(await waits(db)).toBe(true);
    expect((await sql`SELECT * FROM t`.execute(db)).rows).toEqual([{ a: 1 }]);
    await close();
  });

  it('says that nothing can be stored when what was committed does not reach the disk', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'orrery-test-'));
    const { db, close } = await openDatabase({ dataDir });
    await sql`CREATE TABLE t (a INTEGER)`.execute(db);
    rmSync(join(dataDir, 'orrery.db-wal'));
    const error = await inTransactionAside(db, (trx) => sql`INSERT INTO t VALUES (1)`.execute(trx)).catch((e) => e);
    expect(error.message).toMatch(/could not be brought to the disk/);
    expect(isOutage(error)).toBe(true);
    await close();
    rmSync(dataDir, { recursive: true });
  });

  it('lets one hub hold a data folder, and the next one once it let go', () => {
    const dir = mkdtempSync(join(tmpdir(), 'orrery-test-'));
    const first = holdDataDir(dir);
    expect(() => holdDataDir(dir)).toThrow(/Another hub is running on the data folder/);
    first.release();
    holdDataDir(dir).release();
  });
});

describe('secrets', () => {
  it('open only where they were sealed, with the key that sealed them', () => {
    const secrets = createSecrets('k'.repeat(32));
    const sealed = secrets.seal('the api key', 'project-key:veria');
    expect(sealed).not.toContain('api key');
    expect(secrets.open(sealed, 'project-key:veria')).toBe('the api key');
    expect(() => secrets.open(sealed, 'project-key:performia')).toThrow();
    expect(() => createSecrets('x'.repeat(32)).open(sealed, 'project-key:veria')).toThrow(/ORRERY_SECRET/);
    expect(() => createSecrets('short')).toThrow(/32 bytes/);
    for (const at of [3, 20, 40, sealed.length - 1]) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      expect(() => secrets.open(changed, 'project-key:veria')).toThrow();
    }
  });
  it('go on to open after the master key has changed, as long as the one before it is named', () => {
    const [old, next] = ['a'.repeat(32), 'b'.repeat(32)];
    const sealed = createSecrets(old).seal('x', 'here');
    const rotated = createSecrets(next, [old]);
    expect(rotated.open(sealed, 'here')).toBe('x');
    expect([rotated.isCurrent(sealed, 'here'), rotated.isCurrent(rotated.seal('x', 'here'), 'here')]).toEqual([
      false,
      true,
    ]);
    expect(createSecrets(next).open(rotated.seal('x', 'here'), 'here')).toBe('x');
    expect(() => createSecrets(next).open(sealed, 'here')).toThrow(/ORRERY_SECRET_PREVIOUS/);
    expect(rotated.deriveAll('l')).toEqual([createSecrets(next).derive('l'), createSecrets(old).derive('l')]);
  });
});
