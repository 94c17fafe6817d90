import { createHash } from 'node:crypto';
import type { Cause } from '@orrery/protocol';
import { type Db, inTransaction } from '../platform/db.ts';
import { newId } from '../platform/ids.ts';
import type { DiagnosisContext } from './context.ts';
import type { Fact } from './rank/facts.ts';
import type { DiagnosisRow, DiagnosisTables } from './tables.ts';

/** Of one incident so many results are kept, the newest among them. */
const KEPT = 5;
const MOST_FACTS = 150;

export const diagnosesIn = (db: Db) => db.withTables<DiagnosisTables>();
export const readCauses = (row: Pick<DiagnosisRow, 'causes'>): Cause[] => JSON.parse(row.causes);
export const readFacts = (row: Pick<DiagnosisRow, 'facts'>): Fact[] => JSON.parse(row.facts);

export const newestOf = (db: Db, incidentId: string): Promise<DiagnosisRow | undefined> =>
  diagnosesIn(db)
    .selectFrom('diagnoses')
    .selectAll()
    .where('incident_id', '=', incidentId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();

/** The likeliest cause of each of these incidents. */
export async function topCauses(db: Db, incidentIds: readonly string[]): Promise<Map<string, Cause>> {
  const tops = new Map<string, Cause>();
  for (let i = 0; i < incidentIds.length; i += 500)
    for (const row of await diagnosesIn(db)
      .selectFrom('diagnoses as d')
      .select(['d.incident_id', 'd.causes'])
      .where('d.incident_id', 'in', incidentIds.slice(i, i + 500))
      .where(({ eb, selectFrom }) =>
        eb(
          'd.id',
          '=',
          selectFrom('diagnoses as n')
            .select(({ fn }) => fn.max('n.id').as('newest'))
            .whereRef('n.incident_id', '=', 'd.incident_id'),
        ),
      )
      .execute()) {
      const [top] = readCauses(row);
      if (top) tops.set(row.incident_id, top);
    }
  return tops;
}

/** What is kept of the facts: all that is cited, then the worst and the newest. */
export function kept(facts: readonly Fact[], causes: readonly Cause[]): Fact[] {
  const cited = new Set(causes.flatMap(({ evidence }) => evidence));
  const worth = ({ id, role, speaks }: Fact) =>
    (cited.has(id) ? 100 : 0) + (role === 'context' ? 0 : 1) + Math.max(0, ...speaks.map(({ weight }) => weight));
  return facts
    .toSorted((a, b) => worth(b) - worth(a) || a.at - b.at || (a.id < b.id ? -1 : 1))
    .slice(0, MOST_FACTS)
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/** By what incidents of the same trouble are alike: what its root says, and what it was found to come from. */
export const fingerprintOf = (root: string, causes: readonly Cause[]): string =>
  createHash('sha256')
    .update(
      [root, ...causes.slice(0, 1).map(({ kind, project, service }) => `${kind} ${project}/${service ?? ''}`)].join(
        '\u0000',
      ),
    )
    .digest('hex')
    .slice(0, 32);

const sameOrder = (a: readonly Cause[], b: readonly Cause[]): boolean =>
  a.length === b.length &&
  a.every(
    ({ kind, project, service }, i) => kind === b[i]?.kind && project === b[i].project && service === b[i].service,
  );

/**
 * Writes down what was found, and tells of it when it is something else than before. One that says the same takes the place of the one
 * before, so that the history holds only what was once believed.
 */
export async function save(
  context: DiagnosisContext,
  incident: { id: string; project: string; service: string | null; fingerprint: string },
  causes: readonly Cause[],
  facts: readonly Fact[],
): Promise<string> {
  const at = context.clock.now();
  const { id, told } = await inTransaction(context.db, async (trx) => {
    const before = await newestOf(trx, incident.id);
    const same = before !== undefined && sameOrder(readCauses(before), causes);
    const row: DiagnosisRow = {
      id: same ? before.id : newId('dia', at),
      incident_id: incident.id,
      at,
      causes: JSON.stringify(causes),
      facts: JSON.stringify(facts),
      fingerprint: fingerprintOf(incident.fingerprint, causes),
    };
    const tables = diagnosesIn(trx);
    if (same) {
      const { id: _, ...change } = row;
      await tables.updateTable('diagnoses').set(change).where('id', '=', row.id).execute();
      return { id: row.id, told: false };
    }
    await tables.insertInto('diagnoses').values(row).execute();
    const older = await tables
      .selectFrom('diagnoses')
      .select('id')
      .where('incident_id', '=', incident.id)
      .orderBy('id', 'desc')
      .offset(KEPT)
      .limit(100)
      .execute();
    if (older.length > 0)
      await tables
        .deleteFrom('diagnoses')
        .where(
          'id',
          'in',
          older.map((each) => each.id),
        )
        .execute();
    await context.appendEvents(trx, [rankedEvent(incident, row, causes[0], at)]);
    return { id: row.id, told: true };
  });
  if (told) context.told({ incidentId: incident.id, diagnosisId: id, at, causes });
  return id;
}

/** It stands with the project of the likeliest cause: whoever may not see that one does not hear of it. */
function rankedEvent(
  incident: { id: string; project: string; service: string | null },
  row: DiagnosisRow,
  top: Cause | undefined,
  at: number,
) {
  const { project, service } = top ?? { project: incident.project, service: incident.service ?? undefined };
  return {
    at,
    type: 'diagnosis.ranked',
    project,
    ...(service === undefined ? {} : { service }),
    title: top
      ? `Likeliest cause: ${top.title} (${Math.round(top.confidence * 100)} %)`
      : 'The data is not enough for a diagnosis',
    data: {
      incidentId: incident.id,
      diagnosisId: row.id,
      ...(top ? { kind: top.kind, confidence: top.confidence } : {}),
    },
  };
}
