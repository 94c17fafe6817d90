import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEBIBYTE = 1024 * 1024;

export type SmallDisk = {
  dir: string;
  kind: 'file system' | 'file size limit';
  /** What a process that writes here is started with, so that a limit can be told to it. */
  wrap: readonly string[];
  /** Allows this much; on a file system in all, else in each file of the process. */
  resize(mebibytes: number, pid: number): void;
  remove(): void;
};

/**
 * A folder on a disk of a few MiB: a file system in memory where we may mount one, else a limit on the size of every file that the
 * process writes, which ends a write in the same place with another number.
 */
export function smallDisk(mebibytes: number): SmallDisk {
  const root = mkdtempSync(join(tmpdir(), 'orrery-disk-'));
  const dir = join(root, 'data');
  const mount = (...options: string[]) =>
    execFileSync('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', root], { stdio: 'ignore' });
  try {
    mount(`size=${mebibytes}m`, 'mode=0700');
    mkdirSync(dir);
  } catch {
    mkdirSync(dir);
    const resize = (size: number, pid: number) =>
      void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${size * MEBIBYTE}:unlimited`]);
    // The signal that comes with the limit would end the process; ignored, the write fails instead.
    return {
      dir,
      kind: 'file size limit',
      wrap: ['sh', '-c', 'trap "" XFSZ; exec "$@"', 'sh'],
      resize,
      remove: () => rmSync(root, { recursive: true, force: true }),
    };
  }
  return {
    dir,
    kind: 'file system',
    wrap: [],
    resize: (size) => void mount('remount', `size=${size}m`),
    remove() {
      execFileSync('umount', [root], { stdio: 'ignore' });
      rmSync(root, { recursive: true });
    },
  };
}
