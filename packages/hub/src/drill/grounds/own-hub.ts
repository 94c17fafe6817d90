import type { DrillApi } from '../ground.ts';

/** Starts a hub for one round of a drill. */
export type OwnHub = (options: {
  yaml: string;
  /** A folder that does not exist yet. */
  dataDir: string;
  port: number;
  env?: Record<string, string>;
}) => Promise<{ api: DrillApi; stop(): Promise<void> }>;
