import { type Fact, nameOf, type Part } from '../rank/facts.ts';
import { type Graph, upstreamOf } from '../rank/graph.ts';
import { WEIGHTS } from '../rank/weights.ts';
import { factId, listOf } from './fact.ts';

const MOST_EDGES = 40;
const MOST_PARTS = 60;
const NEAR = 40;

/** What people call the same thing: a check named "database" is about the part named "db". */
const ALIKE: readonly ReadonlySet<string>[] = [
  new Set(['db', 'database', 'postgres', 'postgresql', 'mysql', 'mariadb', 'sql', 'sqlite', 'mongo', 'mongodb']),
  new Set(['cache', 'redis', 'memcached', 'valkey']),
  new Set(['queue', 'broker', 'nats', 'kafka', 'rabbitmq', 'mq', 'jobs']),
  new Set(['search', 'elasticsearch', 'opensearch', 'solr']),
  new Set(['storage', 's3', 'minio', 'files', 'bucket']),
];
const alike = (a: string, b: string): boolean => a === b || ALIKE.some((names) => names.has(a) && names.has(b));

/**
 * Pure: what the needs of failing parts add to what is known of the parts themselves: which of them hang on which, which unwatched part they
 * share, and which part a failing check of an instance's own is about.
 */
export function needFacts(facts: readonly Fact[], graph: Graph, watched: ReadonlySet<string>): Fact[] {
  const symptoms = facts.filter(({ role }) => role === 'symptom');
  const failing = [...new Map(symptoms.map((fact) => [nameOf(fact), fact])).values()]
    .sort((a, b) => a.at - b.at || (nameOf(a) < nameOf(b) ? -1 : 1))
    .slice(0, MOST_PARTS);
  const told = new Map<string, Fact[]>(Map.groupBy(facts, nameOf));
  const neededBy = new Map<string, { part: Part; by: Fact[] }>();
  for (const fact of failing)
    for (const part of upstreamOf(graph, [fact], NEAR)) {
      const known = neededBy.get(nameOf(part)) ?? { part, by: [] };
      known.by.push(fact);
      neededBy.set(nameOf(part), known);
    }
  const needed = [...neededBy.values()].sort(
    (a, b) => b.by.length - a.by.length || (nameOf(a.part) < nameOf(b.part) ? -1 : 1),
  );
  return [
    ...needed
      .filter(({ part }) => told.has(nameOf(part)))
      .slice(0, MOST_EDGES)
      .map(({ part, by }) => edge(part, by, false)),
    ...needed
      .filter(({ part, by }) => isUnwatched(part, by, told, watched))
      .slice(0, 5)
      .map(({ part, by }) => edge(part, by, true)),
    ...ownChecks(facts, graph),
  ];
}

/** Several parts that fail share something that nobody watches: what they have in common is suspect. */
const isUnwatched = (
  part: Part,
  by: readonly Fact[],
  told: ReadonlyMap<string, unknown>,
  watched: ReadonlySet<string>,
) => by.length > 1 && part.service !== null && !told.has(nameOf(part)) && !watched.has(nameOf(part));

function edge({ project, service }: Part, by: readonly Fact[], suspect: boolean): Fact {
  const name = nameOf({ project, service });
  const parts = by.map((fact): Part => ({ project: fact.project, service: fact.service }));
  return {
    id: factId('edge', name),
    kind: 'edge',
    role: suspect ? 'cause' : 'context',
    at: Math.min(...by.map(({ at }) => at)),
    ...{ project, service },
    text: `${listOf(parts)} ${by.length === 1 ? 'depends' : 'depend'} on ${name}${suspect ? ', which nothing checks' : ''}`,
    speaks: suspect ? [{ kind: 'dependency', weight: WEIGHTS.ownCheck }] : [],
    neededBy: parts,
    plain: `${by.length} of the failing parts ${by.length === 1 ? 'depends' : 'depend'} on it${suspect ? ', and nothing checks it' : ''}`,
  };
}

const isWithin = (part: Part, whole: Part): boolean =>
  part.project === whole.project && (whole.service === null || part.service === whole.service);

/** What a part says that it misses, held against the part that it means. */
function ownChecks(facts: readonly Fact[], graph: Graph): Fact[] {
  return facts.flatMap((fact): Fact[] => {
    const name = /check "([^"]{1,64})" fails/.exec(fact.text)?.[1]?.toLowerCase();
    if (fact.kind !== 'check' || fact.role !== 'cause' || name === undefined) return [];
    const meant = upstreamOf(graph, [fact], NEAR).find(
      ({ project, service }) => alike(name, service ?? project) || alike(name, project),
    );
    if (!meant) return [];
    // Who needs a project as a whole needs each of its services: what is seen of one is seen of it.
    const seen = facts
      .filter(({ role, ...part }) => role === 'symptom' && isWithin(part, meant))
      .flatMap(({ speaks }) => speaks);
    const kinds = seen.length > 0 ? [...new Set(seen.map(({ kind }) => kind))] : (['dependency'] as const);
    return [
      {
        id: factId('named', fact.id, nameOf(meant)),
        kind: 'check',
        role: 'cause',
        at: fact.at,
        ...meant,
        text: `${nameOf(fact)} says that its check of ${nameOf(meant)} fails`,
        speaks: kinds.map((kind) => ({ kind, weight: WEIGHTS.ownCheck })),
        neededBy: [{ project: fact.project, service: fact.service }],
        plain: 'a failing part says that it misses this one',
      },
    ];
  });
}
