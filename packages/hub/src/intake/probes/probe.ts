import type { Capabilities, OpsService, ServiceStatus } from '@orrery/protocol';
import type { Clock } from '../../platform/clock.ts';
import type { Outbound } from '../../platform/outbound.ts';
import type { IncomingSample } from '../facts.ts';

export type CheckStatus = 'up' | 'degraded' | 'down';
export type InstanceChecks = NonNullable<OpsService['checks']>;

export type PulledLog = { at: number; level: number; message: string; fields: string | null };
/** Where the next pull begins, and why there was nothing to pull. */
export type LogPosition = { cursor: string | null; since: number | null; note: string | null };

/** A measured value of the service that is probed. */
export type Figure = Pick<IncomingSample, 'key' | 'value' | 'unit'>;

/** What one run of a probe saw. A reason states the condition and the values that broke it. */
export type Outcome = {
  status: CheckStatus;
  latencyMs: number | null;
  reason?: string;
  /** The project itself answered, well or not. */
  heard: boolean;
  /** Nothing came back at all: the fault may lie anywhere between the hub and the target. */
  unreached?: boolean;
  samples?: IncomingSample[];
  /** What was measured of the service itself, kept beside its latency. */
  figures?: Figure[];
  /** Values that were not taken, by reason. */
  refused?: Readonly<Record<string, number>>;
  /** What the instance says of its own parts. */
  checks?: InstanceChecks;
  version?: string;
  capabilities?: Capabilities;
  logs?: { entries: PulledLog[]; position: LogPosition };
};

/** The newest beat of a heartbeat: how long ago the wait for the next one began, and what was said. */
export type Beat = { agoMs: number; beats: number; failed: boolean };

export type CheckContext = {
  outbound: Pick<Outbound, 'request' | 'open' | 'records'>;
  clock: Clock;
  signal?: AbortSignal;
  apiKey?: string;
  /** What the probe was before this check. */
  was: ServiceStatus;
  /** Where the log of this instance was read up to. */
  logs: LogPosition;
  /** Things that are asked from time to time only; the probe keeps what it likes in it between checks. */
  memory: {
    capabilitiesAt?: number;
    version?: string;
    /** Hits and misses of a cache so far. */
    counters?: { hits: number; misses: number };
    /** The version of its API that a container engine speaks. */
    apiVersion?: string;
  };
  /** The newest beat; for heartbeats. */
  beat(): Promise<Beat>;
  /** The hub's own last absence in ms ago, when beats may have been missed. */
  away?: { fromAgoMs: number; toAgoMs: number };
};

/** One kind of probe. `compile` turns a declaration into a spec with units converted, once; `check` runs it and never throws for what a target does. */
export type ProbeFamily<D, S extends ProbeSpec> = {
  compile(declaration: D, project: { slug: string; hubUrl: string }): S;
  check(spec: S, context: CheckContext): Promise<Outcome>;
};
export type ProbeSpec = {
  /** What is probed, as it is shown: no secrets. */
  target: string;
  /** The declared interval, and how often a check really runs, in ms. */
  intervalMs: number;
  everyMs: number;
  timeoutMs: number;
  failAfter: number;
  recoverAfter: number;
};
