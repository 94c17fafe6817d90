import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Check, Finding } from './types.ts';

const MIB = 1024 * 1024;

/** The data folder: there, ours alone, writable, with room to grow. */
export const folder: Check = ({ config: { dataDir } }) => {
  const name = 'data folder';
  if (!existsSync(dataDir)) {
    const parent = nearestFolder(dataDir);
    if (!may(parent, constants.W_OK))
      return [
        {
          name,
          status: 'fail',
          detail: `${dataDir} cannot be made: ${parent} is not writable`,
          fix: 'choose another with --data or ORRERY_DATA_DIR',
        },
      ];
    return [{ name, status: 'ok', detail: `${dataDir} (made at the first start)` }, room(parent)];
  }
  const stat = statSync(dataDir);
  if (!stat.isDirectory())
    return [
      { name, status: 'fail', detail: `${dataDir} is no folder`, fix: 'choose another with --data or ORRERY_DATA_DIR' },
    ];
  if (!may(dataDir, constants.R_OK | constants.W_OK | constants.X_OK))
    return [
      {
        name,
        status: 'fail',
        detail: `${dataDir} is not writable for this user`,
        fix: `chown -R "$(id -u)" ${dataDir}`,
      },
    ];
  const open = (stat.mode & 0o077) !== 0;
  return [
    open
      ? { name, status: 'warn', detail: `others on this machine can look into ${dataDir}`, fix: `chmod 700 ${dataDir}` }
      : { name, status: 'ok', detail: dataDir },
    ...secretFile(join(dataDir, 'secret')),
    room(dataDir),
  ];
};

function secretFile(file: string): Finding[] {
  const name = 'master key';
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return [];
  if ((stat.mode & 0o077) !== 0)
    return [{ name, status: 'fail', detail: `others on this machine can read ${file}`, fix: `chmod 600 ${file}` }];
  return [{ name, status: 'ok', detail: `${file}, readable by this user only; back it up with the database` }];
}

function room(path: string): Finding {
  const name = 'disk';
  const { bavail, bsize } = statfsSync(path);
  const free = Math.floor((bavail * bsize) / MIB);
  const detail = `${free >= 10_240 ? `${Math.floor(free / 1024)} GiB` : `${free} MiB`} free`;
  const fix = 'free some space, shorten `retention` in orrery.yaml, or move the data folder';
  if (free < 100) return { name, status: 'fail', detail, fix };
  if (free < 1024) return { name, status: 'warn', detail, fix };
  return { name, status: 'ok', detail };
}

function nearestFolder(path: string): string {
  let at = dirname(path);
  while (!existsSync(at)) at = dirname(at);
  return at;
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
