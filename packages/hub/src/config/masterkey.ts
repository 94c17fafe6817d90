import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './issue.ts';

const FILE = 'secret';

/** Reads the data folder's master key, or makes it (mode 0600) when the folder is new. Two hubs that start at once end with the same key. */
export function keptMasterKey(dataDir: string): string {
  const file = join(dataDir, FILE);
  const fail = (reason: string): never => {
    throw new ConfigError([{ source: file, field: '', reason }]);
  };
  try {
    if (!existsSync(file)) {
      if (existsSync(join(dataDir, 'orrery.db')))
        fail(
          'is gone, but the folder has a database sealed with it; restore the file from a backup, set ORRERY_SECRET to the old value, or start with an empty data folder',
        );
      make(dataDir, file);
    }
    // On systems that have no such modes everything would look open.
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      fail(`may be read by other users of this machine; close it with \`chmod 600 ${file}\``);
    const key = readFileSync(file, 'utf8').trim();
    return Buffer.byteLength(key) >= 32
      ? key
      : fail('is damaged: it holds less than 32 bytes; restore it from a backup');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    return fail(
      `cannot be read or written (${code || message}); give this user the right to the folder, or choose another with --data`,
    );
  }
}

function make(dataDir: string, file: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
