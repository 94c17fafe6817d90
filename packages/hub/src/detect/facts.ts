import type { AttackFamily, InsightAlert, ServiceStatus, ThresholdDeclaration } from '@orrery/protocol';
import type { LatestNumber, Point } from '../samples/index.ts';
import type { Finding } from './finding.ts';
import type { Crossing } from './forecast/crossing.ts';
import type { MethodName } from './forecast/outcome.ts';
import type { PerformanceProblem } from './performance/index.ts';

/** A probe's state as intake knows it; times are epoch ms on the hub's clock. */
export type ProbeFact = {
  probeId: string;
  project: string;
  service: string;
  kind: string;
  target: string;
  status: ServiceStatus;
  since: number | null;
  lastCheckAt: number | null;
  latencyMs: number | null;
  reason?: string | null | undefined;
  consecutiveFailures: number;
  /** How often the probe runs, in ms. */
  intervalMs: number;
  /** When it changed between well and unwell of late, epoch ms, oldest first. */
  flips?: readonly number[];
};

export type Threshold = Omit<ThresholdDeclaration, 'for'> & {
  forMs: number;
  /** How many limits of the same side and severity stand before it for the same series; 0 when absent. */
  rank?: number;
};

/** One series under one threshold. */
export type MetricFact = {
  threshold: Threshold;
  series: LatestNumber;
  /** Samples before the newest, oldest first: those that are not judged yet. */
  history: readonly Point[];
  /** How often the series is expected, in milliseconds; 0 when nobody knows. */
  intervalMs: number;
};

/** The end of a certificate, as a probe saw it. */
export type ExpiryFact = {
  service: string;
  /** Which probe of the service: its kind and, from the second of a kind on, its number. */
  probe: string;
  target: string;
  /** Epoch ms on the hub's clock, to within some hours. */
  until: number;
  seenAt: number;
};

/** One kind of line in the log of a service. */
export type LogFact = {
  id: string;
  service: string;
  template: string;
  example: string;
  /** 0 debug to 4 fatal: the worst of its lines. */
  level: number;
  firstAt: number;
  lastAt: number;
  total: number;
  isNew: boolean;
  /** Lines in the last ten to twenty minutes against what was usual, when that is far more. */
  rise?: { lines: number; usual: number };
};

/** What a declared rule has last seen of a project or one of its services; times are epoch ms on the hub's clock. */
export type RuleFact = Pick<Finding, 'service' | 'severity' | 'category' | 'title' | 'recommendation'> & {
  rule: string;
  description?: string;
  /** Since when it matches without a gap. */
  beganAt: number;
  matchedAt: number;
  /** When it has not matched for long enough. */
  until: number;
};

/** What the daily analysis said of a metric; times are epoch ms on the hub's clock. */
export type TrendFact = InsightAlert & { at: number; until: number };

/** What a forecast says of one declared limit of its series. */
export type ForecastFact = Pick<LatestNumber, 'key' | 'service' | 'tags' | 'unit'> & {
  threshold: Threshold;
  crossing: Crossing;
  /** Epoch ms. */
  madeAt: number;
  /** The value of the last measured hour. */
  last: number;
  method: MethodName;
  /** The share that its interval held in the backtest; null when that is not known. */
  coverage: number | null;
};

/** A figure of a project's security summaries beside the least of the 24 hours before; times are epoch ms. */
export type SpikeFact = { key: string; service?: string; value: number; usual: number; at: number; receivedAt: number };

/** What one actor tried on one route; times are epoch ms on the hub's clock. */
export type AttackFact = {
  family: AttackFamily;
  rule: string;
  route: string;
  place: string;
  actor: string;
  total: number;
  passed: number;
  refused: number;
  failed: number;
  firstAt: number;
  lastAt: number;
  /** Attacks by ten minutes of the last hour. */
  buckets: ReadonlyMap<number, number>;
};

/** Everything that is judged of one project. */
export type Facts = {
  project: string;
  name: string;
  /** When the project was last heard of; null: never. */
  lastSeenAt: number | null;
  /** For how long the hub itself has watched it be silent: never more than the hub has been watching. */
  silentMs: number;
  /** Services that have probes, with the states that are known of them. */
  services: readonly { service: string; probes: readonly ProbeFact[]; declared: number }[];
  metrics: readonly MetricFact[];
  /** What its logs have just held; undefined when this hub has not looked. */
  logs?: readonly LogFact[] | undefined;
  rules?: readonly RuleFact[] | undefined;
  trends?: readonly TrendFact[] | undefined;
  /** What its forecasts say of declared limits. */
  forecasts?: readonly ForecastFact[] | undefined;
  performance?: readonly PerformanceProblem[] | undefined;
  /** Its security figures beside what was usual; undefined in a round that does not look at them. */
  spikes?: readonly SpikeFact[] | undefined;
  /** Attacks on it that are not over; undefined when nobody has looked. */
  attacks?: readonly AttackFact[] | undefined;
  /** The certificates of its services; undefined in a round that does not look at them. */
  expiries?: readonly ExpiryFact[] | undefined;
};

export type Limits = { offlineAfterMs: number };

/** What is remembered of a condition that held when it was last judged. */
export type Condition = { since: number; seenAt: number; firing: boolean; finding?: Finding };
export type Remembered = ReadonlyMap<string, Condition>;

/**
 * A detector's word on one condition. What it does not mention does not hold (any more).
 * `unknown`: the facts do not tell, so it stays what it was.
 */
export type Verdict =
  | { fingerprint: string; state: 'firing'; since: number; seenAt: number; finding: Finding }
  | { fingerprint: string; state: 'pending'; since: number; seenAt: number }
  | { fingerprint: string; state: 'unknown' };

/** Pure: the same facts, limits, memory and time (epoch ms) always give the same verdicts. */
export type Detector = (facts: Facts, limits: Limits, remembered: Remembered, now: number) => Verdict[];
