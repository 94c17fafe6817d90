import type { AuditEntry } from '../access/index.ts';
import type { StoredProject } from '../catalog/index.ts';
import type { NewEvent } from '../events/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound } from '../platform/outbound.ts';

/** A project as far as actions need to know it. */
export type ActionTarget = Pick<StoredProject, 'slug' | 'name' | 'hubUrl' | 'meshNs' | 'allowFanout'> & {
  capabilities: { actions: readonly string[]; endpoints: Readonly<Record<string, string>> } | null;
};

export type ActionTiming = {
  /** For all tries of one send together. */
  sendMs: number;
  /** How long whoever asked waits for what is under way. */
  answerMs: number;
  /** After this another hub may take what a dead one was sending. */
  leaseMs: number;
  /** What was not sent within this is not sent any more: far less than instances remember ids for. */
  giveUpMs: number;
  /** How long the instance is asked what became of a run. */
  followMs: number;
};
export const ACTION_TIMING: ActionTiming = {
  sendMs: 1800,
  answerMs: 2400,
  leaseMs: 10_000,
  giveUpMs: 600_000,
  followMs: 900_000,
};

/** Asks an instance over the mesh: what it answered, as over HTTP, or why nobody did. */
export type MeshDoor = {
  publish(
    project: string,
    subject: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    options?: { timeoutMs?: number },
  ): Promise<{ ok: true; status: number; body: string } | { ok: false; reason: string }>;
};

export type ActionContext = {
  db: Db;
  clock: Clock;
  log: Log;
  outbound: Pick<Outbound, 'request'>;
  /** This process among all hubs on the database. */
  holderId: string;
  /** The mesh key, and before it in a rotation the one that goes; none when nothing can be signed. */
  meshKeys: readonly string[];
  targets(): Promise<readonly ActionTarget[]>;
  apiKeyOf(slug: string): Promise<string | undefined>;
  appendEvents(trx: Db, events: readonly NewEvent[]): Promise<unknown>;
  audit(trx: Db, entry: AuditEntry): Promise<void>;
  mesh?: MeshDoor | undefined;
  timing: ActionTiming;
};
