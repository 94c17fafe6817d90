import type { Cause, CauseKind, Severity } from '@orrery/protocol';
import { type Fact, nameOf, type Part } from './facts.ts';
import { type Graph, type Onset, type Reach, rankOf, reachOf } from './graph.ts';
import { EXPLAINED_BY_UPSTREAM, PRIOR, SEEN, TIMES, WEIGHTS } from './weights.ts';
import { wordsOf } from './words.ts';

export type Situation = {
  facts: readonly Fact[];
  /** What is declared to need what; and the same with what was learned from calls. */
  declared: Graph;
  learned: Graph;
  /** Parts, by name, of which every check says that they are well. */
  well: ReadonlySet<string>;
};

const MOST_CAUSES = 6;
/** A cause below this is not worth a line; and when the first is below the other, the data is not enough. */
const LEAST = 0.04;
const LEAST_FIRST = 0.25;

type Held = { weight: number; fact: Fact };
type Hypothesis = { part: Part; kind: CauseKind; held: Held[] };

/**
 * Pure: the causes of an incident, the likeliest first. Every (part, kind) that some evidence speaks for is a hypothesis; its log-odds are
 * prior + evidence + place + time, and confidences are the softmax over all of them and "something that is not among the evidence", so that
 * they come to less than 1. The order of the facts changes nothing. docs/diagnosis.md has the formula and its sources.
 */
export function rank({ facts, declared, learned, well }: Situation): Cause[] {
  const known = distinct(facts);
  const symptoms = known.filter(({ role }) => role === 'symptom');
  const failing = onsetsOf(symptoms);
  if (failing.size === 0) return [];
  const parts = [...failing.values()];
  const reach = { declared: reachOf(declared, parts), learned: reachOf(learned, parts) };
  const began = Math.min(...parts.map(({ at }) => at));
  const sole = soleServices(parts);
  const symptomsOf = Map.groupBy(symptoms, nameOf);
  const hypotheses = gatherHypotheses(known, { failing, began, sole, together: togetherOf(parts, reach.learned) });
  const seenAt = new Map<string, Hypothesis[]>();
  for (const hypothesis of hypotheses)
    if (SEEN.has(hypothesis.kind)) {
      const name = nameOf(hypothesis.part);
      seenAt.set(name, [...(seenAt.get(name) ?? []), hypothesis]);
    }
  const scored = hypotheses
    .map((hypothesis) => score(hypothesis, { began, reach, symptoms, symptomsOf, seenAt, well }))
    .filter(({ odds }) => odds > Number.NEGATIVE_INFINITY);
  const first = Math.max(WEIGHTS.nothing, ...scored.map(({ odds }) => odds));
  const sum = scored.reduce((all, { odds }) => all + Math.exp(odds - first), Math.exp(WEIGHTS.nothing - first));
  const causes = scored
    .map((each) => ({ ...each, confidence: Math.floor((Math.exp(each.odds - first) / sum) * 1000) / 1000 }))
    .filter(({ confidence }) => confidence >= LEAST)
    .sort((a, b) => b.odds - a.odds || (keyOf(a) < keyOf(b) ? -1 : 1))
    .slice(0, MOST_CAUSES);
  if ((causes[0]?.confidence ?? 0) < LEAST_FIRST) return [];
  return causes.map(({ part, kind, confidence, cited }) => ({
    kind,
    project: part.project,
    ...(part.service === null ? {} : { service: part.service }),
    ...wordsOf(kind, nameOf(part)),
    confidence,
    evidence: [...cited, ...edgesFor(known, part, cited, reach.learned)],
  }));
}

const NOTHING = { weight: 0, cited: [] as string[] };
const keyOf = ({ part, kind }: { part: Part; kind: CauseKind }) => `${nameOf(part)} ${kind}`;

/** Each fact once, in one order: of one that was told twice the earlier. */
function distinct(facts: readonly Fact[]): Fact[] {
  const ordered = facts.toSorted((a, b) => b.at - a.at || (a.text < b.text ? -1 : 1));
  return [...new Map(ordered.map((fact) => [fact.id, fact])).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** When each failing part began, and how badly it fails. */
function onsetsOf(symptoms: readonly Fact[]): Map<string, Onset> {
  const onsets = new Map<string, Onset>();
  for (const { project, service, at, severity = 'warning' } of symptoms) {
    const name = nameOf({ project, service });
    const known = onsets.get(name);
    onsets.set(name, {
      ...{ project, service },
      at: Math.min(at, known?.at ?? at),
      severity: known && rankOf(known.severity) > rankOf(severity) ? known.severity : severity,
    });
  }
  return onsets;
}

/** Of projects of which one service fails, and nothing else: what is known of the project as a whole is held against that one. */
function soleServices(failing: readonly Onset[]): Map<string, Part> {
  const sole = new Map<string, Part>();
  for (const [project, own] of Map.groupBy(failing, (part) => part.project)) {
    const [only] = own.filter(({ service }) => service !== null);
    if (only && own.filter(({ service }) => service !== null).length === 1)
      sole.set(project, { project, service: only.service });
  }
  return sole;
}

/** Services, by name, of projects of which several fail and none of these by what it needs: they may have more in common than anybody has declared. */
function togetherOf(failing: readonly Onset[], reach: Reach): Set<string> {
  const own = failing.filter(
    (part) => part.service !== null && reach.upstreamOnset(part, part.severity) === Number.POSITIVE_INFINITY,
  );
  const projects = [...Map.groupBy(own, ({ project }) => project).values()];
  return new Set(projects.filter((services) => services.length > 1).flatMap((services) => services.map(nameOf)));
}

function gatherHypotheses(
  facts: readonly Fact[],
  {
    failing,
    began,
    sole,
    together,
  }: {
    failing: ReadonlyMap<string, Onset>;
    began: number;
    sole: ReadonlyMap<string, Part>;
    together: ReadonlySet<string>;
  },
): Hypothesis[] {
  const hypotheses = new Map<string, Hypothesis>();
  for (const fact of facts) {
    const part = (fact.service === null ? sole.get(fact.project) : undefined) ?? {
      project: fact.project,
      service: fact.service,
    };
    const onset = failing.get(nameOf(part))?.at ?? began;
    const factor = inTime(fact, onset);
    if (factor <= 0) continue;
    const shared = fact.role === 'symptom' && together.has(nameOf(fact));
    for (const { kind, weight } of fact.speaks) {
      if (shared && SEEN.has(kind)) {
        const whole = { part: { project: fact.project, service: null }, kind };
        const common = hypotheses.get(keyOf(whole)) ?? { ...whole, held: [] };
        common.held.push({ weight: weight * WEIGHTS.downstream, fact });
        hypotheses.set(keyOf(whole), common);
      }
      const key = keyOf({ part, kind });
      const known = hypotheses.get(key) ?? { part, kind, held: [] };
      known.held.push({ weight: weight * factor, fact });
      hypotheses.set(key, known);
    }
  }
  return [...hypotheses.values()];
}

/** What comes before its effect counts in full, and a change the less the longer ago it was; what comes after it hardly explains it. */
function inTime({ kind, role, at }: Fact, onset: number): number {
  if (role === 'context') return 0;
  if (role === 'change') {
    const lag = onset - at;
    return lag < -TIMES.skewMs ? 0 : 1 / (1 + Math.max(0, lag) / TIMES.changeHalfMs);
  }
  const seen = kind === 'template' ? TIMES.logsLaterMs : TIMES.figuresLaterMs;
  return role === 'cause' && at > onset + seen ? WEIGHTS.late : 1;
}

type Around = {
  began: number;
  reach: { declared: Reach; learned: Reach };
  symptoms: readonly Fact[];
  symptomsOf: ReadonlyMap<string, readonly Fact[]>;
  /** Of each part the ways in which it is seen to fail. */
  seenAt: ReadonlyMap<string, readonly Hypothesis[]>;
  well: ReadonlySet<string>;
};

function score({ part, kind, held }: Hypothesis, around: Around) {
  const { reach, began, symptomsOf, well } = around;
  const own = ownSymptoms(part, symptomsOf);
  const counted = new Set(held.map(({ fact }) => fact.id));
  const inherited = SEEN.has(kind) ? NOTHING : inherit(part, own, counted, around);
  const onset = own.length > 0 ? Math.min(...own.map(({ at }) => at)) : Number.POSITIVE_INFINITY;
  const cover = Math.max(coverOf(reach.declared, part, onset), WEIGHTS.learned * coverOf(reach.learned, part, onset));
  const evidence = discounted(held) + inherited.weight;
  const place = WEIGHTS.cover * Math.log(cover) - explained({ part, kind, own }, onset, reach);
  const time = WEIGHTS.first * Math.exp(-Math.max(0, onset - began) / TIMES.firstDecayMs);
  const against = own.length === 0 && well.has(nameOf(part)) ? WEIGHTS.well : 0;
  const cited = [
    ...new Set([...held.toSorted((a, b) => b.weight - a.weight).map(({ fact }) => fact.id), ...inherited.cited]),
  ];
  return {
    ...{ part, kind },
    cited: cited.slice(0, 20),
    odds: (PRIOR[kind] ?? 0) + evidence + place + time - against,
  };
}

/** The share of the incident that a part explains: what began long before it hangs on something else. */
function coverOf(reach: Reach, part: Part, onset: number): number {
  const later = onset === Number.POSITIVE_INFINITY ? 0 : onset - reach.downstreamOnset(part) - TIMES.foundLaterMs;
  const share = reach.cover(part);
  return share === 0
    ? 0
    : reach.alone + (share - reach.alone) * Math.exp(-Math.max(0, later) / TIMES.foundLaterDecayMs);
}

/** The symptoms of a part; of a project as a whole those of its worst service too. */
function ownSymptoms(part: Part, symptomsOf: ReadonlyMap<string, readonly Fact[]>): readonly Fact[] {
  const own = symptomsOf.get(nameOf(part)) ?? [];
  if (part.service !== null || own.length > 0) return own;
  const services = [...symptomsOf].filter(([name]) => name.startsWith(`${part.project}/`)).map(([, facts]) => facts);
  return services.sort((a, b) => strength(b) - strength(a) || a.length - b.length)[0] ?? [];
}

const strength = (facts: readonly Fact[]): number =>
  discounted(facts.map((fact) => ({ fact, weight: Math.max(0, ...fact.speaks.map(({ weight }) => weight)) })));

/** What is behind a failure is behind all that is seen of it: at the part itself, or less so at what hangs on it. */
function inherit(
  part: Part,
  own: readonly Fact[],
  counted: ReadonlySet<string>,
  { reach, symptoms, seenAt }: Around,
): { weight: number; cited: string[] } {
  if (own.length > 0) {
    const more = own.filter(({ id }) => !counted.has(id));
    const ways = (seenAt.get(nameOf(part)) ?? []).map(({ held }) => held.filter(({ fact }) => !counted.has(fact.id)));
    const weight = Math.max(strength(more), ...ways.map(discounted));
    return { weight, cited: more.slice(0, 5).map(({ id }) => id) };
  }
  const below = symptoms.filter((fact) => reach.learned.hangs(fact, part)).slice(0, 50);
  return { weight: WEIGHTS.downstream * strength(below), cited: below.slice(0, 5).map(({ id }) => id) };
}

/** How far the failure of what it needs takes the place of the part's own. */
function explained(
  { part, kind, own }: { part: Part; kind: CauseKind; own: readonly Fact[] },
  onset: number,
  reach: Around['reach'],
): number {
  const severity = own.reduce<Severity>(
    (worst, each) => (rankOf(each.severity ?? 'warning') > rankOf(worst) ? (each.severity ?? 'warning') : worst),
    'info',
  );
  const by = (of: Reach): number => {
    const above = of.upstreamOnset(part, severity);
    if (above === Number.POSITIVE_INFINITY) return 0;
    const later = Math.max(0, above - Math.min(onset, above) - TIMES.foundLaterMs);
    return Math.exp(-later / TIMES.foundLaterDecayMs);
  };
  const share = Math.max(by(reach.declared), WEIGHTS.learned * by(reach.learned));
  return WEIGHTS.explained * share * (EXPLAINED_BY_UPSTREAM[kind] ?? 1);
}

/**
 * Evidence of one sort is not independent: the strongest counts in full, the next half, the next a quarter. It never comes to more than
 * twice the strongest, and taking one away never makes it more.
 */
function discounted(held: readonly Held[]): number {
  let sum = 0;
  for (const group of Map.groupBy(held, ({ fact }) => sortOf(fact)).values()) {
    const weights = group.map(({ weight }) => weight).sort((a, b) => b - a);
    sum += weights.reduce((all, weight, i) => all + weight / 2 ** i, 0);
  }
  return sum;
}

/** An alert and the check that it rests on are one sort. */
const sortOf = ({ kind, role }: Fact): string =>
  role === 'symptom' ? 'symptom' : kind === 'changepoint' ? 'metric' : kind;

/** The needs through which a cause reaches what is seen. */
function edgesFor(facts: readonly Fact[], part: Part, cited: readonly string[], reach: Reach): string[] {
  const found = facts.filter(
    ({ kind, role, ...fact }) =>
      kind === 'edge' && role === 'context' && (reach.hangs(fact, part) || nameOf(fact) === nameOf(part)),
  );
  return found
    .map(({ id }) => id)
    .filter((id) => !cited.includes(id))
    .slice(0, 5);
}
