import type { HealMode } from '@orrery/protocol';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Between two attempts that did not help: 10 s, doubling up to 5 min; forgotten after ten healthy minutes. */
export const BACKOFF = { firstMs: 10 * SECOND, mostMs: 5 * MINUTE, forgetMs: 10 * MINUTE };
/** So many attempts in a row without effect, or so often the same trouble again, and it is a person's. */
export const INEFFECTIVE = { attempts: 3, recurrences: 5, withinMs: 4 * HOUR };
/** After a second look that did not confirm the trouble, the next attempt waits so long. */
export const LOOK_AGAIN_MS = 30 * SECOND;
/** So many attempts of one policy in a row that did not heal take a step of freedom from it; a healed one gives it back. */
export const BREAKER = { suggestAfter: 2, personAfter: 4 };

/** A remedy that was tried so often here is left alone once it is this sure that it helps in fewer cases than so many. */
export const SUPPRESS = { tries: 4, below: 0.4 };

/** Whether a remedy has been shown not to help here: it was tried often enough, and nearly all that may be believed of it lies too low. */
export const isSuppressed = ({ tries, upper }: GuardFacts['learned']): boolean =>
  tries >= SUPPRESS.tries && upper < SUPPRESS.below;

/** Checks right after each other may be answered out of one cache: nothing is done before the trouble has lasted so long. */
export const MOMENT_MS = 2 * SECOND;

/** What hangs on something that came back has so long to come back by itself. */
export const FOLLOWS_MS = 20 * SECOND;

export type PastAttempt = {
  policy: string;
  actedAt: number;
  outcome: 'healed' | 'no effect' | 'worse' | 'failed' | null;
  approved: boolean;
};

/** All that a decision rests on; times are epoch ms, nothing of it changes while it is judged. */
export type GuardFacts = {
  enabled: boolean;
  /** Who has pulled the kill switch, if anybody. */
  pausedBy: string | undefined;
  /** Who has said no to this policy for this alert, if anybody. */
  deniedBy: string | undefined;
  policy: { name: string; mode: HealMode; forMs: number; cooldownMs: number; perHour: number; earnTrust: number };
  globalDryRun: boolean;
  alert: { openedAt: number; inhibited: boolean; recurrences: number };
  /** The service by its newest checks: those that fail, since when, and whether the hub itself was able to look. */
  target: {
    status: 'up' | 'degraded' | 'down' | 'unknown';
    confirmed: boolean;
    since: number | null;
    healthySince: number | null;
  };
  /** When a second look at this target last did not confirm its trouble, so that nothing was done. */
  secondLookFailedAt: number | null;
  /** What it depends on: whether any of it fails, whether all was looked at since the trouble began, and when the last of it came back. */
  upstream: { fails: boolean; isSeen: boolean; backAt: number | null };
  inMaintenance: boolean;
  /** Attempts at this target, newest first, of the last four hours; and those of its policy, however old. */
  past: readonly PastAttempt[];
  ofPolicy: readonly PastAttempt[];
  /** What was learned of this remedy for this trouble at this target: tries that count against it, and the upper bound of what is believed. */
  learned: { tries: number; successes: number; upper: number };
  /** An attempt at this target that has not ended. */
  busy: boolean;
  projectActsLastHour: number;
  allActsLastHour: number;
  limits: { projectPerHour: number; perHour: number; maxTargets: number; maxSharePercent: number };
  /** Targets under repair now, and services in all. */
  underRepair: number;
  services: number;
};

/** `wait`: asked again by itself. `person`: nothing more happens without one. `would`: what a dry run says in place of acting. */
export type Verdict =
  | { kind: 'act'; reason: string }
  | { kind: 'approve'; reason: string }
  | { kind: 'would'; reason: string }
  | { kind: 'suggest'; reason: string }
  | { kind: 'wait'; reason: string; until?: number }
  | { kind: 'person'; reason: string };

const wait = (reason: string, until?: number): Verdict => ({
  kind: 'wait',
  reason,
  ...(until === undefined ? {} : { until }),
});
const person = (reason: string): Verdict => ({ kind: 'person', reason });
const inWords = (ms: number) => (ms >= MINUTE ? `${Math.round(ms / MINUTE)} min` : `${Math.ceil(ms / SECOND)} s`);

/**
 * Whether a remedy may be applied now. Pure: what forbids stands before what is hopeless, that before what delays, and that before what
 * asks; the reason names the one mechanism that decided.
 */
export function guard(facts: GuardFacts, now: number): Verdict {
  return forbids(facts) ?? exhausts(facts, now) ?? delays(facts, now) ?? allows(facts);
}

/** Nothing is to be done here, whatever was tried before. */
function forbids({
  enabled,
  pausedBy,
  deniedBy,
  alert,
  target,
  upstream,
  inMaintenance,
  busy,
}: GuardFacts): Verdict | undefined {
  if (!enabled) return wait('repair is not enabled');
  if (pausedBy !== undefined) return wait(`repair is paused by ${pausedBy}`);
  if (deniedBy !== undefined) return wait(`${deniedBy} said no: it is not asked for again while this alert lives`);
  if (busy) return wait('another attempt at this target is under way');
  if (inMaintenance) return wait('the service is in maintenance');
  if (alert.inhibited || upstream.fails) return wait('what it depends on is down: that is repaired first');
  if (!upstream.isSeen) return wait('what it depends on is looked at first');
  if (target.status === 'unknown') return wait('the hub cannot tell how the service is');
  if (target.status === 'up') return wait('the service is well by its newest check');
  return undefined;
}

/** Its time has not come. */
function delays(facts: GuardFacts, now: number): Verdict | undefined {
  const { policy, alert, target, upstream, past, limits } = facts;
  const follows = (upstream.backAt ?? Number.NEGATIVE_INFINITY) + FOLLOWS_MS;
  if (now < follows) return wait('what it depends on has just come back: it may follow', follows);
  const lasted = (target.since ?? Number.NEGATIVE_INFINITY) + MOMENT_MS;
  if (now < lasted) return wait('it may be the trouble of a moment', lasted);
  const due = alert.openedAt + policy.forMs;
  if (now < due) return wait(`the alert is to be open for ${inWords(policy.forMs)} first`, due);
  const [last] = past;
  if (last && now < last.actedAt + policy.cooldownMs)
    return wait(
      `cooling down: the last attempt was ${inWords(now - last.actedAt)} ago`,
      last.actedAt + policy.cooldownMs,
    );
  const lately = past.filter(({ actedAt }) => actedAt > now - HOUR);
  const oldest = lately[policy.perHour - 1];
  if (oldest) return wait(`${policy.perHour} attempts an hour are spent`, oldest.actedAt + HOUR);
  const backOff = backOffUntil(facts, now);
  if (backOff > now) return wait('backing off after attempts that did not help', backOff);
  if (facts.projectActsLastHour >= limits.projectPerHour)
    return wait(`the project's ${limits.projectPerHour} attempts an hour are spent`);
  if (facts.allActsLastHour >= limits.perHour) return wait(`the hub's ${limits.perHour} attempts an hour are spent`);
  if (facts.underRepair >= limits.maxTargets)
    return wait(`${facts.underRepair} targets are under repair, and no more than ${limits.maxTargets} may be at once`);
  // One may always be: a share of few services is less than one of them.
  if (facts.underRepair > 0 && ((facts.underRepair + 1) / facts.services) * 100 > limits.maxSharePercent)
    return wait(`more than ${limits.maxSharePercent} % of all services would be under repair at once`);
  const lookedAt = facts.secondLookFailedAt;
  if (lookedAt !== null && now < lookedAt + LOOK_AGAIN_MS)
    return wait('a second look did not confirm it: it is watched first', lookedAt + LOOK_AGAIN_MS);
  if (!target.confirmed) return wait('a second look has not confirmed it yet');
  return undefined;
}

/** When the pause after attempts without effect ends, epoch ms; 0 when there is none. */
function backOffUntil({ past, target }: GuardFacts, now: number): number {
  const [last] = past;
  if (!last || last.outcome === 'healed') return 0;
  if (target.healthySince !== null && now - target.healthySince >= BACKOFF.forgetMs) return 0;
  const failed = streak(past);
  if (failed === 0) return 0;
  return last.actedAt + Math.min(BACKOFF.firstMs * 2 ** (failed - 1), BACKOFF.mostMs);
}

/** Attempts since the last that healed. */
const streak = (past: readonly PastAttempt[]): number => {
  // One that found nothing to do any more, or was refused, says nothing of the remedy.
  const told = past.filter(({ outcome }) => outcome !== null);
  const healed = told.findIndex(({ outcome }) => outcome === 'healed');
  return healed === -1 ? told.length : healed;
};

/** It has been tried, and it is no use. */
function exhausts({ past, alert, learned }: GuardFacts, now: number): Verdict | undefined {
  const recent = past.filter(({ actedAt }) => actedAt > now - INEFFECTIVE.withinMs);
  if (streak(recent) >= INEFFECTIVE.attempts)
    return person(`${INEFFECTIVE.attempts} attempts did not help: this needs a person`);
  if (alert.recurrences >= INEFFECTIVE.recurrences)
    return person(`it came back ${alert.recurrences} times in 4 h: what is repaired is its symptom`);
  if (isSuppressed(learned)) return person(`this remedy has not helped here: ${learned.successes} of ${learned.tries}`);
  return undefined;
}

/** It may be done; how freely is the policy's, less what it has lost. */
function allows({ policy, globalDryRun, ofPolicy }: GuardFacts): Verdict {
  if (globalDryRun) return { kind: 'would', reason: 'dry run of all policies' };
  const failed = streak(ofPolicy);
  if (failed >= BREAKER.personAfter) return person(`its breaker is open: ${failed} attempts in a row did not heal`);
  const { mode, earnTrust } = policy;
  if (mode === 'dryRun') return { kind: 'would', reason: 'the policy is a dry run' };
  if (mode === 'suggest') return { kind: 'suggest', reason: 'the policy only suggests' };
  if (mode === 'approve') return { kind: 'approve', reason: 'the policy asks for approval' };
  if (failed >= BREAKER.suggestAfter)
    return { kind: 'approve', reason: `its breaker is half open: ${failed} attempts in a row did not heal` };
  const earned = ofPolicy.filter(({ approved, outcome }) => approved && outcome === 'healed').length;
  if (earned < earnTrust)
    return { kind: 'approve', reason: `${earned} of ${earnTrust} approved repairs have healed so far` };
  return { kind: 'act', reason: 'every limit is kept' };
}
