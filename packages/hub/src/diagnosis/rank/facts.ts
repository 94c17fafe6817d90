import type { CauseKind, EvidenceKind, Severity } from '@orrery/protocol';

/** A part of the ecosystem: a service, or a project as a whole. */
export type Part = { project: string; service: string | null };

/**
 * What a fact is to the ranking: `symptom` the trouble itself, seen at its part; `change` something that was done and may have begun it;
 * `cause` something that explains the trouble of its part; `context` only shown.
 */
export type Role = 'symptom' | 'change' | 'cause' | 'context';

/** One piece of evidence with what it speaks for. The same fact has the same id whenever it is gathered. */
export type Fact = Part & {
  id: string;
  kind: EvidenceKind;
  role: Role;
  /** Epoch ms: when it began, or was done. */
  at: number;
  text: string;
  /** How bad a symptom is. */
  severity?: Severity;
  /** Kinds of cause at its part that it speaks for, with the weight of that evidence in nats. */
  speaks: readonly { kind: CauseKind; weight: number }[];
  /** Other parts that the text names: those that need this one. */
  neededBy?: readonly Part[];
  /** The fixed words that a model may read in place of the text: of our own making, no word of it came from outside. */
  plain: string;
  /** What came from outside, for a model only as opaque tokens. */
  outside?: string;
};

export const nameOf = ({ project, service }: Part): string => (service === null ? project : `${project}/${service}`);
