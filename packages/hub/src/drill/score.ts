import type { Cause, CauseKind, HealAttempt } from '@orrery/protocol';
import { type Budget, nameOf, type Target } from './ground.ts';

/** A cause, with the words of the evidence that it rests on. */
export type NamedCause = Pick<Cause, 'kind' | 'project' | 'service'> & { why: readonly string[] };

/** What happened of one fault: the injector's log, and what the hub's API said meanwhile. Times are epoch ms of the drill's clock. */
export type FaultRecord = {
  fault: string;
  target: Target;
  kinds: readonly CauseKind[];
  remedy: boolean;
  injectedAt: number;
  /** When it was over in truth: by a remedy, or because the drill mended it. */
  endedAt: number;
  /** When the hub's API first showed it. */
  detectedAt: number | null;
  /** When the API first named a cause, when first the right one, and the first cause at the end; null where none was named. */
  diagnosedAt: number | null;
  rightAt: number | null;
  cause: NamedCause | null;
  /** When the API first said that the repair is verified. */
  repairedAt: number | null;
  /** Undefined where nobody listens. */
  pages: number | undefined;
};
export type Attempt = Pick<HealAttempt, 'id' | 'target' | 'outcome' | 'status' | 'createdAt' | 'detail'> & {
  remedy: string;
  /** When it began to act, epoch ms; undefined when it never did. */
  actsAt: number | undefined;
};
export type QuietRecord = { minutes: number; from: number; until: number; alerts: number; pages: number | undefined };

export type Bar = { name: string; wanted: string; got: string; passed: boolean | null };
export type FaultScore = Omit<
  FaultRecord,
  'injectedAt' | 'endedAt' | 'detectedAt' | 'diagnosedAt' | 'rightAt' | 'repairedAt'
> & {
  injectedAt: string;
  detectMs: number | null;
  diagnoseMs: number | null;
  isRight: boolean | null;
  repairMs: number | null;
  attempts: number;
  falseHeals: number;
};
export type Report = {
  ground: string;
  seed: number;
  intervalMs: number;
  faults: FaultScore[];
  quiet: { minutes: number; alerts: number; falseHeals: number; pages: number | undefined } | null;
  totals: {
    faults: number;
    detected: number;
    detectP50Ms: number | null;
    detectWorstMs: number | null;
    diagnosed: number;
    right: number;
    healable: number;
    healed: number;
    repairP50Ms: number | null;
    repairWorstMs: number | null;
    falseHeals: number;
    overBudget: string[];
    pages: number | undefined;
  };
  bars: Bar[];
  passed: boolean;
};

const HOUR = 3_600_000;

/** Right: the first cause names the target (its service, when it names one) and a kind that is true of the fault. */
export const isRight = (
  cause: Omit<NamedCause, 'why'> | null,
  { target, kinds }: Pick<FaultRecord, 'target' | 'kinds'>,
): boolean =>
  cause !== null &&
  cause.project === target.project &&
  (cause.service === undefined || cause.service === target.service) &&
  kinds.includes(cause.kind);

/** Attempts that acted on what was well by the injector's log, or was only down because of something else. */
export const falseHeals = (attempts: readonly Attempt[], records: readonly FaultRecord[]): Attempt[] =>
  attempts.filter(
    ({ target, actsAt }) =>
      actsAt !== undefined &&
      !records.some(
        (record) => nameOf(record.target) === nameOf(target) && actsAt >= record.injectedAt && actsAt <= record.endedAt,
      ),
  );

/** What acted although a limit was spent, in words; every round has a hub, and so a budget, of its own. */
export function overBudget(attempts: readonly Attempt[], budget: Budget): string[] {
  const acts = attempts
    .flatMap(({ target, actsAt }) =>
      actsAt === undefined ? [] : [{ at: actsAt, target: nameOf(target), project: target.project }],
    )
    .sort((a, b) => a.at - b.at);
  return acts.flatMap((act, n) => {
    const hour = acts.slice(0, n).filter(({ at }) => at > act.at - HOUR);
    const own = hour.filter(({ target }) => target === act.target);
    const last = own.at(-1);
    const said: string[] = [];
    if (own.length >= budget.perHour) said.push(`${act.target}: more than ${budget.perHour} attempts in an hour`);
    if (last && act.at - last.at < budget.cooldownMs)
      said.push(`${act.target}: ${act.at - last.at} ms after the one before`);
    if (hour.filter(({ project }) => project === act.project).length >= budget.projectPerHour)
      said.push(`${act.project}: more than ${budget.projectPerHour} attempts in an hour`);
    if (hour.length >= budget.hubPerHour) said.push(`the hub: more than ${budget.hubPerHour} attempts in an hour`);
    return said;
  });
}

export type Round = { records: readonly FaultRecord[]; attempts: readonly Attempt[] };

/** What a drill came to, against the bars. Pure. */
export function score(facts: {
  ground: string;
  seed: number;
  intervalMs: number;
  budget: Budget;
  rounds: readonly Round[];
  quiet: (QuietRecord & { attempts: readonly Attempt[] }) | null;
}): Report {
  const { quiet, intervalMs } = facts;
  const records = facts.rounds.flatMap((round) => round.records);
  const scored = facts.rounds.flatMap((round) => round.records.map((record) => scoreOf(record, round)));
  const healable = scored.filter(({ remedy }) => remedy);
  const diagnosed = scored.filter(({ diagnoseMs, cause }) => cause !== null || diagnoseMs !== null);
  const right = scored.filter((one) => one.isRight === true).length;
  const healed = healable.filter(({ repairMs }) => repairMs !== null);
  const detects = scored.flatMap(({ detectMs }) => detectMs ?? []);
  const repairs = healed.flatMap(({ repairMs }) => repairMs ?? []);
  const wrong = facts.rounds.reduce((sum, round) => sum + falseHeals(round.attempts, round.records).length, 0);
  const quietWrong = quiet ? falseHeals(quiet.attempts, []).length : 0;
  const spent = facts.rounds.flatMap((round) => overBudget(round.attempts, facts.budget));
  const pages = records.some((record) => record.pages === undefined)
    ? undefined
    : records.reduce((sum, record) => sum + (record.pages ?? 0), 0);
  const p50 = quantile(repairs, 0.5);
  const bars: Bar[] = [
    bar(
      'every fault is detected',
      scored.length > 0,
      '100 %',
      share(detects.length, scored.length),
      detects.length === scored.length,
    ),
    bar(
      'the right cause stands first',
      scored.length > 0,
      '≥ 85 %',
      share(right, scored.length),
      right >= 0.85 * scored.length,
    ),
    bar(
      'healed where a remedy is declared',
      healable.length > 0,
      '≥ 95 %',
      share(healed.length, healable.length),
      healed.length >= 0.95 * healable.length,
    ),
    bar('false heals', true, '0', String(wrong + quietWrong), wrong + quietWrong === 0),
    bar('attempts over their budget', true, '0', String(spent.length), spent.length === 0),
    bar(
      'fault to verified repair, p50',
      repairs.length > 0,
      `< ${inSeconds(3 * intervalMs)}`,
      inSeconds(p50),
      p50 !== null && p50 < 3 * intervalMs,
    ),
  ];
  return {
    ground: facts.ground,
    seed: facts.seed,
    intervalMs,
    faults: scored,
    quiet: quiet && { minutes: quiet.minutes, alerts: quiet.alerts, falseHeals: quietWrong, pages: quiet.pages },
    totals: {
      faults: scored.length,
      detected: detects.length,
      detectP50Ms: quantile(detects, 0.5),
      detectWorstMs: quantile(detects, 1),
      diagnosed: diagnosed.length,
      right,
      healable: healable.length,
      healed: healed.length,
      repairP50Ms: p50,
      repairWorstMs: quantile(repairs, 1),
      falseHeals: wrong + quietWrong,
      overBudget: spent,
      pages,
    },
    bars,
    passed: bars.every(({ passed }) => passed !== false),
  };
}

function scoreOf(record: FaultRecord, round: Round): FaultScore {
  const { injectedAt, endedAt: _, detectedAt, diagnosedAt, rightAt, repairedAt, ...rest } = record;
  const after = (at: number | null) => (at === null ? null : at - injectedAt);
  const next = round.records.find((other) => other.injectedAt > injectedAt)?.injectedAt ?? Number.POSITIVE_INFINITY;
  const meanwhile = ({ actsAt }: Attempt) => actsAt !== undefined && actsAt >= injectedAt && actsAt < next;
  return {
    ...rest,
    injectedAt: new Date(injectedAt).toISOString(),
    detectMs: after(detectedAt),
    diagnoseMs: after(rightAt ?? diagnosedAt),
    isRight: record.cause === null ? null : isRight(record.cause, record),
    repairMs: after(repairedAt),
    attempts: round.attempts.filter(meanwhile).length,
    falseHeals: falseHeals(round.attempts, round.records).filter(meanwhile).length,
  };
}

/** The smallest value that a share of all do not exceed; null of none. */
export function quantile(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
}

/** A bar that nothing was measured against is neither reached nor missed. */
const bar = (name: string, measured: boolean, wanted: string, got: string, passed: boolean): Bar => ({
  name,
  wanted,
  got: measured ? got : '–',
  passed: measured ? passed : null,
});
const share = (part: number, whole: number): string =>
  `${part} of ${whole}${whole === 0 ? '' : ` (${Math.floor((100 * part) / whole)} %)`}`;
export const inSeconds = (ms: number | null): string => (ms === null ? '–' : `${(ms / 1000).toFixed(1)} s`);
