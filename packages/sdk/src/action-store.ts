import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ActionRun } from '@orrery/protocol';

/** How long a webhook id is remembered: far longer than the five minutes for which its signature is valid. */
const KEEP_MS = 3_600_000;
const NEVER_FORGET_MS = 900_000;
const MAX_RUNS = 10_000;

/** Where accepted actions are remembered. `claim` must be atomic: it decides which of two equal requests runs. */
export type ActionStore = {
  /** Remembers the id with its run. `seen` carries the earlier run of the same id; `full` means that nothing may be forgotten yet. */
  claim(webhookId: string, run: ActionRun): Claim | Promise<Claim>;
  update(run: ActionRun): void | Promise<void>;
  get(auditId: string): ActionRun | undefined | Promise<ActionRun | undefined>;
};
export type Claim = { kind: 'claimed' } | { kind: 'seen'; run: ActionRun } | { kind: 'full' };

type Remembered = { webhookId: string; at: number; run: ActionRun };

/** Remembers in this process; a restart forgets, and with it the replay protection of the last minutes. */
export function memoryActionStore(limit = MAX_RUNS): ActionStore {
  return createStore(limit, () => {});
}

/** Remembers in one file of JSON lines, so that a replay is recognised after a restart. For one process at a time. */
export function fileActionStore(path: string, limit = MAX_RUNS): ActionStore {
  mkdirSync(dirname(path), { recursive: true });
  const known = load(path);
  writeAtomically(path, known);
  let lines = known.length;
  const store = createStore(
    limit,
    (entry, all) => {
      appendFileSync(path, `${JSON.stringify(entry)}\n`, { flush: true, mode: 0o600 });
      if (++lines > limit * 4) {
        const kept = [...all];
        writeAtomically(path, kept);
        lines = kept.length;
      }
    },
    known,
  );
  return store;
}

function createStore(
  limit: number,
  persist: (entry: Remembered, all: Iterable<Remembered>) => void,
  known: readonly Remembered[] = [],
): ActionStore {
  const byWebhook = new Map<string, Remembered>(known.map((entry) => [entry.webhookId, entry]));
  const byAudit = new Map<string, Remembered>(known.map((entry) => [entry.run.auditId, entry]));

  const forget = (olderThan: number, target: number) => {
    for (const entry of byWebhook.values()) {
      if (byWebhook.size <= target || entry.at > olderThan) return;
      byWebhook.delete(entry.webhookId);
      byAudit.delete(entry.run.auditId);
    }
  };

  return {
    claim(webhookId, run) {
      const earlier = byWebhook.get(webhookId);
      if (earlier) return { kind: 'seen', run: earlier.run };
      const now = Date.now();
      forget(now - KEEP_MS, 0);
      if (byWebhook.size >= limit) forget(now - NEVER_FORGET_MS, limit - 1);
      if (byWebhook.size >= limit) return { kind: 'full' };
      const entry = { webhookId, at: now, run };
      persist(entry, byWebhook.values());
      byWebhook.set(webhookId, entry);
      byAudit.set(run.auditId, entry);
      return { kind: 'claimed' };
    },
    update(run) {
      const entry = byAudit.get(run.auditId);
      if (!entry) return;
      entry.run = run;
      persist(entry, byWebhook.values());
    },
    get: (auditId) => byAudit.get(auditId)?.run,
  };
}

/** The newest line of each id counts; a torn last line is ignored; what was running when the process ended has failed. */
function load(path: string): Remembered[] {
  if (!existsSync(path)) return [];
  const found = new Map<string, Remembered>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const entry = parseLine(line);
    if (entry && entry.at > Date.now() - KEEP_MS) found.set(entry.webhookId, entry);
  }
  return [...found.values()].map((entry) =>
    entry.run.status === 'queued' || entry.run.status === 'running'
      ? {
          ...entry,
          run: {
            ...entry.run,
            status: 'failed',
            finishedAt: new Date().toISOString(),
            result: { error: 'interrupted by a restart' },
          },
        }
      : entry,
  );
}

function parseLine(line: string): Remembered | undefined {
  try {
    const { webhookId, at, run } = JSON.parse(line) as Record<string, unknown>;
    if (typeof webhookId !== 'string' || typeof at !== 'number') return undefined;
    return { webhookId, at, run: ActionRun.parse(run) };
  } catch {
    return undefined;
  }
}

function writeAtomically(path: string, entries: readonly Remembered[]): void {
  const draft = `${path}.new`;
  writeFileSync(draft, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { mode: 0o600, flush: true });
  renameSync(draft, path);
}
