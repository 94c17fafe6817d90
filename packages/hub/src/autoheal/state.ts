import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { HubError } from '../platform/errors.ts';

const time = z.number().nullable();
const Try = z.object({
  id: z.string(),
  /** By name: a container that was made anew is the same target. */
  container: z.string(),
  containerId: z.string(),
  reason: z.string(),
  verdict: z.string(),
  status: z.enum(['acting', 'verifying', 'done']),
  outcome: z.enum(['healed', 'no effect', 'worse', 'failed', 'refused', 'dry run']).nullable(),
  detail: z.string().nullable(),
  createdAt: z.number(),
  /** From here on it may have happened. */
  actingAt: time,
  actedAt: time,
  wellSince: time,
  endedAt: time,
});
/** One try to heal a container, written before it acts. */
export type Try = z.infer<typeof Try>;

const Message = z.object({
  id: z.string(),
  to: z.enum(['grafana', 'slack', 'webhook', 'hub']),
  type: z.string(),
  container: z.string(),
  title: z.string(),
  detail: z.string(),
  at: z.number(),
  tries: z.int(),
  dueAt: z.number(),
});
export type Message = z.infer<typeof Message>;

const State = z.object({
  version: z.literal(1),
  tries: z.array(Try),
  /** What people were told of the trouble that a container has now, by its name. */
  told: z.record(z.string(), z.string()),
  outbox: z.array(Message),
});
export type State = z.infer<typeof State>;

const MEMORY_MS = 30 * 86_400_000;
const MAX_TRIES = 5000;
const MAX_OUTBOX = 200;

export type StateFile = { state: State; save(now: number): void };

/**
 * What is remembered over a restart, in one file that is replaced as a whole and is on the disk when `save` returns. A file that cannot be read
 * is no empty one: without it the limits would begin anew.
 */
export function openState(path: string): StateFile {
  mkdirSync(dirname(path), { recursive: true });
  const state = existsSync(path) ? read(path) : { version: 1 as const, tries: [], told: {}, outbox: [] };
  return {
    state,
    save(now) {
      state.tries = state.tries
        .filter(({ status, createdAt }) => status !== 'done' || createdAt > now - MEMORY_MS)
        .slice(-MAX_TRIES);
      state.outbox = state.outbox.slice(-MAX_OUTBOX);
      const next = `${path}.new`;
      const file = openSync(next, 'w', 0o600);
      try {
        writeSync(file, `${JSON.stringify(state)}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(next, path);
      const folder = openSync(dirname(path), 'r');
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    },
  };
}

function read(path: string): State {
  try {
    return State.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    throw new HubError(
      'unavailable',
      `The state file ${path} cannot be read; without it the limits of healing would begin anew. Move it away to allow that.`,
    );
  }
}
