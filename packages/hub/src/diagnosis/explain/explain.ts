import type { Explanation } from '@orrery/protocol';
import { inTransaction } from '../../platform/db.ts';
import type { DiagnosisContext } from '../context.ts';
import { nameOf } from '../rank/facts.ts';
import { diagnosesIn, readCauses, readFacts } from '../store.ts';
import type { DiagnosisRow } from '../tables.ts';
import { readClaims } from './claims.ts';
import { promptFor } from './prompt.ts';
import { claim } from './store.ts';

const MAX_TOKENS = 700;
const MOST_AT_ONCE = 20;

/** Has a model put into words what was found of incidents that stand, once their late evidence is in; nothing waits for it, and nothing follows from it. */
export async function explainDue(context: DiagnosisContext, signal: AbortSignal): Promise<void> {
  const { ask, db, clock } = context;
  const { explain, explanationsPerHour } = context.limits();
  if (!ask || !explain) return;
  for (const row of await waiting(context)) {
    signal.throwIfAborted();
    const causes = readCauses(row);
    if (causes.length === 0 || !(await claim(db, row.fingerprint, clock.now(), explanationsPerHour))) continue;
    const facts = readFacts(row);
    const prompt = promptFor(causes, facts);
    const projects = [...new Set([...causes, ...facts].map(({ project }) => project))];
    try {
      const answer = await ask({ system: prompt.system, user: prompt.user, projects, maxTokens: MAX_TOKENS }, signal);
      if (answer.kind === 'refused') await settle(context, row, null, answer.reason);
      else {
        const claims = readClaims(answer.text, prompt);
        const { provider, model } = answer;
        await settle(
          context,
          row,
          claims ? { claims, provider, model } : null,
          claims ? null : 'the answer could not be read',
        );
      }
    } catch (error) {
      await settle(context, row, null, error instanceof Error ? error.message.slice(0, 300) : 'unknown');
      signal.throwIfAborted();
      context.log.warn({ err: error, incident: row.incident_id }, 'a model could not be asked to explain an incident');
    }
  }
}

/** The newest diagnosis of incidents that stand, as far as it has settled and nobody has explained one like it; newest first. */
async function waiting({ db, clock, incidents }: DiagnosisContext): Promise<DiagnosisRow[]> {
  const heads = (await incidents.standing(clock.now(), 1000)).filter(({ status }) => status === 'open').slice(0, 500);
  if (heads.length === 0) return [];
  const rows = await diagnosesIn(db)
    .selectFrom('diagnoses as d')
    .innerJoin('diagnosis_work as w', 'w.incident_id', 'd.incident_id')
    .leftJoin('diagnosis_explanations as e', (join) =>
      join.onRef('e.fingerprint', '=', 'd.fingerprint').on('e.asked_at', '>', clock.now() - 180_000),
    )
    .selectAll('d')
    .where(
      'd.incident_id',
      'in',
      heads.map(({ id }) => id),
    )
    .where('w.rounds', '>=', 1)
    .where('e.fingerprint', 'is', null)
    .orderBy('d.id', 'desc')
    .limit(2000)
    .execute();
  const newest = new Map<string, DiagnosisRow>();
  for (const row of rows) if (!newest.has(row.incident_id)) newest.set(row.incident_id, row);
  return [...newest.values()].slice(0, MOST_AT_ONCE);
}

async function settle(
  { db, clock, appendEvents }: DiagnosisContext,
  row: DiagnosisRow,
  explanation: Explanation | null,
  detail: string | null,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await diagnosesIn(trx)
      .updateTable('diagnosis_explanations')
      .set({
        status: explanation ? 'done' : 'failed',
        explanation: explanation && JSON.stringify(explanation),
        detail,
      })
      .where('fingerprint', '=', row.fingerprint)
      .execute();
    const [top] = readCauses(row);
    if (!explanation || !top) return;
    const { claims, provider, model } = explanation;
    await appendEvents(trx, [
      {
        at: clock.now(),
        type: 'diagnosis.explained',
        project: top.project,
        ...(top.service === undefined ? {} : { service: top.service }),
        title: `${model} explained ${nameOf({ project: top.project, service: top.service ?? null })} in ${claims.length} ${claims.length === 1 ? 'claim' : 'claims'}`,
        data: { incidentId: row.incident_id, diagnosisId: row.id, provider, model, claims: claims.length },
      },
    ]);
  });
}
