import type { CauseKind } from '@orrery/protocol';

export type Target = { project: string; service: string };
export const nameOf = ({ project, service }: Target): string => `${project}/${service}`;

/** Something that can be broken and mended again, with what is true of it while it is broken. */
export type DrillFault = {
  name: string;
  target: Target;
  /** What may rightly be named as its cause. */
  kinds: readonly CauseKind[];
  /** Whether a policy that can repair it is declared. */
  remedy: boolean;
  /** A change stays a suspect for minutes: nothing else is broken there after it in the same round. */
  isChange?: boolean;
  /** Whose services go down with it because they need it. */
  spreadsTo?: readonly string[];
  /** How long the hub has for all of it. */
  withinMs: number;
  inject(): Promise<void>;
  /** Mends it, whether or not it is mended already. */
  clear(): Promise<void>;
  /** When a remedy ended it, by the ground's own log; undefined where none did, absent where the ground keeps none. */
  mendedAt?(since: number): number | undefined | Promise<number | undefined>;
};

/** The hub's API, as the drill needs it. */
export type DrillApi = {
  get<T>(path: string): Promise<T>;
  /** Undefined where there is no such thing, or no such route yet. */
  find<T>(path: string): Promise<T | undefined>;
};

/** A notification that arrived at a real receiver, on its clock. */
export type Page = { at: number; id: string; type: string; project: string };

/** What the policies of a ground promise to keep, in ms and attempts an hour. */
export type Budget = { cooldownMs: number; perHour: number; projectPerHour: number; hubPerHour: number };

/** Where a drill takes place: what watches it, what can be broken, who is told. */
export type Ground = {
  name: string;
  /** How often the services are checked. */
  intervalMs: number;
  budget: Budget;
  faults: readonly DrillFault[];
  /** Services that must be well between faults. */
  targets: readonly Target[];
  /** A hub to ask; where the ground has one of its own, each call gives one that remembers nothing. */
  begin(): Promise<DrillApi>;
  /** Whether the hub has seen enough of it to tell what is usual; absent where that is given. */
  isReady?(api: DrillApi): Promise<boolean>;
  /** Whether `begin` gives a fresh one. */
  hasOwnHub: boolean;
  /** What was told so far; undefined where nobody listens. */
  pages(): readonly Page[] | undefined;
  /** Ordinary noise on or off; absent where the ground has its own. */
  noise?(on: boolean): Promise<void>;
  stop(): Promise<void>;
};
