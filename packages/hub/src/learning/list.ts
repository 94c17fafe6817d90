import type { Pattern } from '@orrery/protocol';
import { sql } from 'kysely';
import { authorize, type Caller, sees } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { isSuppressed } from '../repair/index.ts';
import { type Book, believe, believeInGeneral, type Tally, toBelief } from './believe.ts';
import type { LearningContext } from './context.ts';
import { kinOf, patternId, symptomText } from './key.ts';
import { learningIn } from './store.ts';

/** So many attempts are named with a pattern. */
const EVIDENCE = 5;

/** Patterns with what is believed of each, the most tried first; of services that the caller may see, and in general for who sees all. */
export async function listPatterns(
  context: LearningContext,
  caller: Caller,
  filter: { project?: string | undefined },
): Promise<Pattern[]> {
  authorize(caller, 'ops:view');
  const book = await context.book();
  const here = [...book.tallies.values()].filter(
    ({ project }) =>
      project !== '' && sees(caller, project) && (filter.project === undefined || filter.project === project),
  );
  const allowances = new Map(
    (await learningIn(context.db).selectFrom('pattern_allowances').selectAll().execute()).map((row) => [row.id, row]),
  );
  const attempts = await newestAttempts(context);
  const local = here.map((tally): Pattern => {
    const id = idOf(tally);
    const belief = toBelief(believe(book, tally));
    const allowance = allowances.get(id);
    return {
      ...shown(tally),
      id,
      where: { project: tally.project, service: tally.service },
      belief,
      suppressed: isSuppressed({ tries: tally.triesSince, successes: tally.successesSince, upper: belief.high }),
      allowed: allowance ? { by: allowance.by_name, at: iso(allowance.at), reason: allowance.reason } : null,
      attempts: attempts.get(id) ?? [],
    };
  });
  // What is true everywhere tells of everybody's projects.
  const general = caller.projects === 'all' && filter.project === undefined ? inGeneral(book) : [];
  return [...general, ...local].sort(
    (a, b) => b.weight.tries - a.weight.tries || b.lastSeenAt.localeCompare(a.lastSeenAt) || a.id.localeCompare(b.id),
  );
}

const idOf = ({ symptom, remedy, project, service }: Tally) =>
  patternId(symptomText(symptom), remedy, project, service);

const shown = ({ symptom, remedy, tries, successes, weight, lastAt }: Tally) => ({
  ...{ symptom, remedy, tries, successes, weight },
  lastSeenAt: iso(lastAt),
});

/** The same remedies for the same symptoms, wherever they were tried; causes put together. */
function inGeneral(book: Book): Pattern[] {
  const byKin = Map.groupBy(book.tallies.values(), ({ symptom, remedy }) => kinOf(symptom, remedy));
  return [...byKin.values()].flatMap((kin): Pattern[] => {
    const [first] = kin;
    if (!first) return [];
    const sum = (of: (tally: Tally) => number) => kin.reduce((total, tally) => total + of(tally), 0);
    const symptom = { ...first.symptom, cause: null };
    return [
      {
        ...shown({
          ...first,
          symptom,
          tries: sum(({ tries }) => tries),
          successes: sum(({ successes }) => successes),
          weight: {
            tries: sum(({ weight }) => weight.tries),
            successes: sum(({ weight }) => weight.successes),
            imported: sum(({ weight }) => weight.imported),
          },
          lastAt: Math.max(...kin.map(({ lastAt }) => lastAt)),
        }),
        id: patternId(symptomText(symptom), first.remedy),
        where: null,
        belief: toBelief(believeInGeneral(book, first)),
        suppressed: false,
        allowed: null,
        attempts: [],
      },
    ];
  });
}

/** The newest own attempts of each pattern. */
async function newestAttempts({ db }: LearningContext): Promise<ReadonlyMap<string, string[]>> {
  const rows = await learningIn(db)
    .selectFrom((from) =>
      from
        .selectFrom('pattern_evidence')
        .select(['id', 'pattern_id', 'at'])
        .select(sql<number>`row_number() OVER (PARTITION BY pattern_id ORDER BY at DESC, id DESC)`.as('rank'))
        .where('import_id', 'is', null)
        .as('ranked'),
    )
    .select(['ranked.id', 'ranked.pattern_id'])
    .where('ranked.rank', '<=', EVIDENCE)
    .orderBy('ranked.at', 'desc')
    .execute();
  const byPattern = Map.groupBy(rows, ({ pattern_id }) => pattern_id);
  return new Map([...byPattern].map(([id, own]) => [id, own.map((row) => row.id)]));
}
