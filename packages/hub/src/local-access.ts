import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** `cert`: the file of the certificate that the hub shows, where it speaks TLS. */
export type LocalAccess = { url: string; key: string; pid: number; cert?: string };

/** Leaves address and key of this process for the command line on the same machine, readable by this user only. Returns the way to take it back. */
export function writeLocalAccess(file: string, access: LocalAccess): () => void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const text = JSON.stringify(access);
  writeFileSync(`${file}.${access.pid}`, text, { mode: 0o600 });
  renameSync(`${file}.${access.pid}`, file);
  return () => {
    // Another hub may have written its own since.
    try {
      if (readFileSync(file, 'utf8') === text) rmSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  };
}
