import type { Explanation } from '@orrery/protocol';
import { inTransaction } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import type { DiagnosisContext } from '../context.ts';
import { nameOf } from '../rank/facts.ts';
import { diagnosesIn, readCauses, readFacts } from '../store.ts';
import type { DiagnosisRow } from '../tables.ts';
import type { AskModel } from './ask.ts';
import { readClaims } from './claims.ts';
import { promptFor } from './prompt.ts';
import { claim, hasRoom, isRecent } from './store.ts';

const MAX_TOKENS = 700;
const MOST_AT_ONCE = 20;
const UNREADABLE = 'the answer could not be read';

/** Has a model put into words what was found of incidents that stand, once their late evidence is in; nothing waits for it, and nothing follows from it. */
export async function explainDue(context: DiagnosisContext, signal: AbortSignal): Promise<void> {
  const { ask, db, clock } = context;
  const { explain, explanationsPerHour } = context.limits();
  if (!ask || !explain) return;
  for (;;) {
    const due = await waiting(context);
    if (due.length === 0) return;
    for (const row of due) {
      signal.throwIfAborted();
      if (!(await claim(db, row.fingerprint, clock.now(), explanationsPerHour))) continue;
      if ((await explainOne(context, ask, row, signal)) === 'spent') return;
    }
  }
}

/** Asks about one incident; `spent` when there is no budget, so that asking about others would only be refused too. */
async function explainOne(
  context: DiagnosisContext,
  ask: AskModel,
  row: DiagnosisRow,
  signal: AbortSignal,
): Promise<'asked' | 'spent'> {
  const [causes, facts] = [readCauses(row), readFacts(row)];
  const prompt = promptFor(causes, facts);
  const projects = [...new Set([...causes, ...facts].map(({ project }) => project))];
  try {
    const answer = await ask({ system: prompt.system, user: prompt.user, projects, maxTokens: MAX_TOKENS }, signal);
    if (answer.kind === 'refused') await settle(context, row, null, answer.reason);
    else {
      const claims = readClaims(answer.text, prompt);
      const { provider, model } = answer;
      await settle(context, row, claims ? { claims, provider, model } : null, claims ? null : UNREADABLE);
    }
  } catch (error) {
    await settle(context, row, null, error instanceof Error ? error.message.slice(0, 300) : 'unknown');
    signal.throwIfAborted();
    context.log.warn({ err: error, incident: row.incident_id }, 'a model could not be asked to explain an incident');
    if (error instanceof HubError && error.code === 'rate_limited') return 'spent';
  }
  return 'asked';
}

/** The newest diagnosis of incidents that stand, as far as it has settled and a model may be asked about it now; newest first. */
async function waiting({ db, clock, incidents, limits }: DiagnosisContext): Promise<DiagnosisRow[]> {
  const now = clock.now();
  if (!(await hasRoom(db, now, limits().explanationsPerHour))) return [];
  const heads = (await incidents.standing(now, 2000)).filter(({ status }) => status === 'open');
  const newest = new Map<string, DiagnosisRow>();
  for (let i = 0; i < heads.length && newest.size < MOST_AT_ONCE; i += 500) {
    const rows = await diagnosesIn(db)
      .selectFrom('diagnoses as d')
      .innerJoin('diagnosis_work as w', 'w.incident_id', 'd.incident_id')
      .selectAll('d')
      .where(
        'd.incident_id',
        'in',
        heads.slice(i, i + 500).map(({ id }) => id),
      )
      .where('w.rounds', '>=', 1)
      .where('d.causes', '<>', '[]')
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('diagnosis_explanations as e')
              .select('e.fingerprint')
              .whereRef('e.fingerprint', '=', 'd.fingerprint')
              .where(isRecent('e', now)),
          ),
        ),
      )
      .where(({ eb, selectFrom }) =>
        eb(
          'd.id',
          '=',
          selectFrom('diagnoses as n')
            .select(({ fn }) => fn.max('n.id').as('newest'))
            .whereRef('n.incident_id', '=', 'd.incident_id'),
        ),
      )
      .orderBy('d.id', 'desc')
      .limit(MOST_AT_ONCE)
      .execute();
    for (const row of rows) newest.set(row.fingerprint, row);
  }
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
