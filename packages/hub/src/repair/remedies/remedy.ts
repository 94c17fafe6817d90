import type { RemedyDeclaration, RemedyKind } from '@orrery/protocol';
import type { Clock } from '../../platform/clock.ts';
import type { Outbound } from '../../platform/outbound.ts';

/**
 * What a remedy came to. `done` says that it was carried out, not that it helped: that the checks tell. `needless`: right before the act there
 * was nothing to do any more, and nothing was done.
 */
export type Acted = { done: boolean; needless?: boolean; detail: string };

export type RemedyContext = {
  clock: Clock;
  outbound: Pick<Outbound, 'request' | 'open'>;
  signal: AbortSignal;
  project: string;
  service: string;
  /** The same on every try of one attempt: whoever receives it can know it again. */
  attemptId: string;
  /** Asks the project's instance for an action by the room of actions; its outcome in words. */
  act(action: string, params: Readonly<Record<string, unknown>> | undefined, timeoutMs: number): Promise<Acted>;
};

/** One way to repair: what it is in words, without secrets, and how it is done. Throws when it could not be carried out. */
export type Remedy<D extends RemedyDeclaration> = {
  describe(declared: D): string;
  act(declared: D, context: RemedyContext): Promise<Acted>;
};
export type RemedyFamily = { [K in RemedyKind]: Remedy<Extract<RemedyDeclaration, { kind: K }>> };
