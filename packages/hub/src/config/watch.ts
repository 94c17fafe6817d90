import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConfigStatus } from '@orrery/protocol';
import { type Clock, iso } from '../platform/clock.ts';
import type { FileConfig } from './file.ts';
import { ConfigError, type Issue } from './issue.ts';
import type { Config } from './load.ts';

export type ConfigWatch = {
  /** What the hub runs on, and what is wrong with the newest version of the file when that was refused. */
  status(): ConfigStatus;
  current(): FileConfig;
  /** Looks at the file now; resolves when what it found has been taken or refused. */
  check(): Promise<void>;
  stop(): Promise<void>;
};
export type ConfigWatchHandlers = {
  clock: Clock;
  /** Takes the new file. When it fails the old one stays, and the same content is tried again. */
  onValid(file: FileConfig): Promise<void> | void;
  onInvalid(issues: readonly Issue[]): void;
  /** How often the file is looked at where the system reports no changes (network drives, mounted volumes). Milliseconds. */
  pollMs?: number;
};

const SETTLE_MS = 60;

/**
 * Follows the configuration file: a valid change is handed on, an invalid one is refused whole and listed. Sees writes in place, renames over
 * the file, and links that are moved (Kubernetes), because it watches the folder and compares content.
 */
export function watchConfig(
  config: Config,
  { clock, onValid, onInvalid, pollMs = 2000 }: ConfigWatchHandlers,
): ConfigWatch {
  const path = config.filePath;
  let file = config.file;
  let loadedAt = clock.now();
  let issues: readonly Issue[] = [];
  let seen = file.path === null ? 'absent' : (fingerprint(path) ?? 'absent');
  let stamp = stampOf(path);
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  function refuse(found: readonly Issue[]): void {
    issues = found;
    onInvalid(found);
  }

  async function look(): Promise<void> {
    const content = await settled(path);
    if (stopped || content === undefined || content === seen) return;
    if (content === 'absent') {
      seen = content;
      if (file.path !== null)
        refuse([{ source: path, field: '', reason: 'the file is gone; the hub goes on with what it last held' }]);
      return;
    }
    if (content === 'empty') {
      seen = content;
      return refuse([{ source: path, field: '', reason: 'the file is empty; write `projects: []` to watch nothing' }]);
    }
    try {
      const next = config.reread();
      await onValid(next);
      file = next;
      loadedAt = clock.now();
      issues = [];
      seen = content;
    } catch (error) {
      if (error instanceof ConfigError) {
        seen = content;
        return refuse(error.issues);
      }
      const reason = `could not be taken: ${error instanceof Error ? error.message : String(error)}; it is tried again`;
      stamp = undefined;
      refuse([{ source: path, field: '', reason }]);
    }
  }

  /** One look at a time; a change during one is looked at after it. */
  function check(): Promise<void> {
    if (running) {
      again = true;
      return running;
    }
    running = look().finally(() => {
      running = undefined;
      if (again && !stopped) {
        again = false;
        return check();
      }
      return undefined;
    });
    return running;
  }

  let debounce: NodeJS.Timeout | undefined;
  const watcher = watchFolder(dirname(path), () => {
    clearTimeout(debounce);
    debounce = setTimeout(() => void check(), SETTLE_MS).unref();
  });
  const poll = setInterval(() => {
    const now = stampOf(path);
    if (now === stamp) return;
    stamp = now;
    void check();
  }, pollMs).unref();

  return {
    status: () => ({
      file: file.path ?? (issues.length > 0 ? path : null),
      loadedAt: iso(loadedAt),
      issues: issues.map(({ source: _, ...issue }) => issue),
      projects: file.projects.length,
      channels: file.channels.length,
    }),
    current: () => file,
    check,
    async stop() {
      stopped = true;
      clearInterval(poll);
      clearTimeout(debounce);
      watcher?.close();
      await running;
    },
  };
}

/** The content's hash once two looks agree: a file that is being written is left alone. undefined when it never holds still. */
async function settled(path: string): Promise<string | undefined> {
  let before = fingerprint(path);
  for (let i = 0; i < 20; i++) {
    await delay(SETTLE_MS);
    const now = fingerprint(path);
    if (now === before) return now ?? 'absent';
    before = now;
  }
  return undefined;
}

function fingerprint(path: string): string | undefined {
  try {
    // The reader refuses what is larger, so its size is all that matters of it.
    const { size } = statSync(path);
    if (size > 2 ** 20) return `large:${size}`;
    const bytes = readFileSync(path);
    return bytes.toString('utf8').trim() === '' ? 'empty' : createHash('sha256').update(bytes).digest('hex');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unreadable';
  }
}

function stampOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
}

/** The system's notices are a shortcut only: where they fail, polling finds the change. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
