import type { EnginePlace } from '../platform/engine.ts';

/** How `orrery autoheal` works, in its own units. */
export type AutohealOptions = {
  engine: EnginePlace;
  /** Which containers: all that carry the label `key=value`, and those of these names. */
  label: string;
  names: readonly string[];
  everyMs: number;
  mode: 'dryRun' | 'automatic';
  /** How long a container may take to stop by itself, and all of a restart. */
  graceMs: number;
  timeoutMs: number;
  cooldownMs: number;
  perHour: number;
  allPerHour: number;
  maxTargets: number;
  maxSharePercent: number;
  withinMs: number;
  stableMs: number;
  stateFile: string;
  /** While it is there nothing acts; with names in it, one a line, those containers are in maintenance. */
  pauseFile: string;
  tell: {
    grafana?: { url: string; token: string } | undefined;
    slack?: string | undefined;
    webhook?: { url: string; secret?: string | undefined } | undefined;
    hub?: { url: string; key: string; project: string } | undefined;
  };
};
