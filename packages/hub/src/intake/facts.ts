import type { Capabilities, PerformanceWindow } from '@orrery/protocol';
import type { Db } from '../platform/db.ts';

/** One measured value on its way to the samples; `at` is epoch ms, the time of arrival when absent. */
export type IncomingSample = {
  key: string;
  value: number | string;
  at?: number;
  service?: string;
  unit?: string;
  tags?: Readonly<Record<string, string>>;
};

export type IncomingEvent = {
  id?: string;
  at: number;
  type: string;
  project: string;
  service?: string;
  title: string;
  data?: unknown;
};

/** A project was heard of: it answered a probe or sent something itself. */
export type Seen = {
  project: string;
  at: number;
  version?: string;
  capabilities?: Capabilities;
  /** Said by the project itself: it is shown at once. */
  own?: boolean;
};

/** What was just committed; whoever listens works on what is stored. */
export type Facts = {
  at: number;
  projects: string[];
  seen: Seen[];
  /** Nothing in it is other than it was: new values, and no new status. */
  calm?: boolean;
};

/** Stores samples inside the transaction and counts what it refused, by reason. */
export type StoreSamples = (
  trx: Db,
  project: string,
  samples: readonly IncomingSample[],
  receivedAt: number,
) => Promise<{ refused: Readonly<Partial<Record<string, number>>> }>;

/** Edges to other projects that one project reported; times are epoch ms. */
export type IncomingEdges = {
  hints: { to: string; kind: string; strength: number; proof: Readonly<Record<string, unknown>>; at: number }[];
  calls: { host: string; calls: number; failed: number; windowMs: number; at: number }[];
};

/** A message that stands until a newer one of its kind comes; `source` is the hub that speaks, or empty. */
export type IncomingState = {
  kind: 'presence' | 'health' | 'graph' | 'audit' | 'security' | 'deploy';
  source: string;
  at: number;
  id: string;
  payload: unknown;
};

/** Stores edges inside the transaction and counts what it refused, by reason; `events` tells of those that are new. */
export type StoreEdges = (
  trx: Db,
  project: string,
  edges: IncomingEdges,
) => Promise<{ refused: Readonly<Partial<Record<string, number>>>; events: readonly IncomingEvent[] }>;

/** What one instance measured in one window that ended at `at`, epoch ms. */
export type IncomingWindow = { id: string; at: number; window: PerformanceWindow };
export type StoreWindows = (trx: Db, project: string, windows: readonly IncomingWindow[]) => Promise<void>;

export type AppendEvents = (trx: Db, events: readonly IncomingEvent[]) => Promise<unknown>;
