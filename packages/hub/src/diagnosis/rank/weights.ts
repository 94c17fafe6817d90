import type { CauseKind } from '@orrery/protocol';

/**
 * Weights of evidence in nats: natural logarithms of how many times likelier a fact is when the cause holds than when it does not (I. J.
 * Good, "Probability and the Weighing of Evidence", 1950). 0.7 doubles the odds, 2.3 makes them ten times as good. They are judgements,
 * the same for every ecosystem; docs/diagnosis.md says what each stands for.
 */
export const WEIGHTS = {
  /** What is not among the evidence: the odds that every cause is held against. */
  nothing: 2.4,
  /** An alert or a check that says that its part fails; by severity. */
  symptom: { critical: 2.2, warning: 1.4, info: 0.5 },
  /** A reason that names the cause itself: out of memory, certificate expired, too many connections. */
  named: 2.6,
  /** A limit of a resource that is broken, as an alert says it. */
  limit: 1.6,
  /** A level that changed before or with the trouble. */
  shift: 1.6,
  /** Log lines of a kind that was never seen, and whose words say what is wrong; and those whose words do not. */
  lines: 1.3,
  plainLines: 0.6,
  /** A check of the instance's own that fails, held against what it names. */
  ownCheck: 1.3,
  /** A deploy, a changed configuration, right before the trouble; the longer all was well after it, the less (`changeHalfMs`). */
  deploy: 3.4,
  config: 2.4,
  /** Something that explains the trouble but was seen after it began. */
  late: 0.35,
  /** What follows from a part counts for its cause so much less than what is seen at the part itself. */
  downstream: 0.5,
  /** Times the logarithm of the share of the incident that lies at the part or hangs on it: who explains a tenth must be ten times as likely. */
  cover: 1.3,
  /** Having begun first; it decays with `firstDecayMs`. */
  first: 0.8,
  /** Against a part of which something that it needs fails as badly. */
  explained: 3.2,
  /** The same, of what is needed by a learned edge only. */
  learned: 0.6,
  /** Against a part whose checks all say that it is well. */
  well: 1.5,
} as const;

export const TIMES = {
  /** After this time a change weighs half, after twice as long a third: trouble mostly follows a rollout within minutes, and sometimes within hours. */
  changeHalfMs: 5 * 60_000,
  firstDecayMs: 60_000,
  /** What is needed may be found down so much later than what needs it: each has a probe of its own. */
  foundLaterMs: 30_000,
  foundLaterDecayMs: 60_000,
  /** Figures and log lines are read every so often: what came so much later may have been there before. */
  figuresLaterMs: 60_000,
  logsLaterMs: 120_000,
  /** Clocks and probes are this far apart: what was done so shortly after the first sign may still have been before it. */
  skewMs: 5000,
} as const;

/**
 * How likely a kind is before anything is known of it; ln, relative to the kinds that only say what is seen. What is behind a failure
 * inherits all that is seen of it, so that it must have evidence of its own that outweighs this.
 */
export const PRIOR: Readonly<Partial<Record<CauseKind, number>>> = {
  deploy: -1,
  config: -1,
  traffic: -1,
  attack: -0.8,
  memory: -0.8,
  cpu: -1.2,
  disk: -0.8,
  pool: -0.8,
  statement: -0.8,
  lock: -0.8,
  dependency: -0.6,
  unknown: -2,
};

/** Kinds that only say how a part fails: they are not inherited by one another, and whatever is behind them inherits theirs. */
export const SEEN: ReadonlySet<CauseKind> = new Set(['unreachable', 'unresponsive', 'failing', 'malformed', 'slow']);

/** How far the failure of what a part needs takes the place of a cause of this kind: a port that refuses is mostly a failure of its own. */
export const EXPLAINED_BY_UPSTREAM: Readonly<Partial<Record<CauseKind, number>>> = {
  unreachable: 0.6,
  deploy: 0.8,
  config: 0.8,
  memory: 0.5,
  cpu: 0.5,
  disk: 0.3,
  certificate: 0.3,
  dns: 0.5,
  attack: 0.4,
  traffic: 0.5,
};
