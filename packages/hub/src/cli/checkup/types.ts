import type { Config } from '../../config/index.ts';
import type { Terminal } from '../terminal.ts';

/** What one look found; `fix` says what to do about it. */
export type Finding = { name: string; status: 'ok' | 'warn' | 'fail'; detail: string; fix?: string };

export type Patient = {
  terminal: Terminal;
  config: Config;
  /** The hub that runs on the data folder, or that --url names; undefined when there is none. */
  hub: { url: string; dateSkewMs: number | null } | undefined;
};
export type Check = (patient: Patient) => Promise<Finding[]> | Finding[];
