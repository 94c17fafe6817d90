import type { Cause, CauseKind, Diagnosis } from '@orrery/protocol';
import { authorize, type Caller } from '../access/index.ts';
import { inTransaction } from '../platform/db.ts';
import { defineJob, type JobDefinition } from '../platform/jobs.ts';
import type { DiagnosisContext, DiagnosisDeps, Ranked } from './context.ts';
import { explainDue } from './explain/explain.ts';
import { show } from './show.ts';
import { diagnosesIn, newestOf, readCauses, topCauses } from './store.ts';
import { diagnoseNow, work } from './work.ts';

export type { Ranked } from './context.ts';
export type { AskModel } from './explain/ask.ts';
export { diagnosisRoutes } from './routes.ts';

export type DiagnosisRoom = ReturnType<typeof createDiagnosis>;

/** Incident → ranked causes with evidence. The ranking is deterministic and waits for no model; a model may put its evidence into words. */
export function createDiagnosis(deps: DiagnosisDeps) {
  const listeners = new Set<(found: Ranked) => void>();
  const context: DiagnosisContext = {
    ...deps,
    told(found) {
      for (const listener of listeners) listener(found);
    },
  };
  const jobs: JobDefinition[] = [
    defineJob({
      name: 'diagnosis.work',
      agent: 'Diagnostic',
      schedule: { everyMs: 2000 },
      timeoutMs: 60_000,
      // What changed while it worked was not heard: it looks once more.
      async run({ signal }) {
        while (await work(context, signal)) signal.throwIfAborted();
      },
    }),
    defineJob({
      name: 'diagnosis.explain',
      agent: 'Diagnostic',
      schedule: { everyMs: 5000 },
      timeoutMs: 120_000,
      run: ({ signal }) => explainDue(context, signal),
    }),
  ];

  return {
    jobs,
    get: (caller: Caller, incidentId: string): Promise<Diagnosis> => show(context, caller, incidentId),

    /** Gathers and ranks again, for those who may act; not_found for an incident that the caller does not see. */
    async again(caller: Caller, incidentId: string): Promise<Diagnosis> {
      authorize(caller, 'actions:run');
      const incident = await deps.incidents.get(caller, incidentId);
      await diagnoseNow(context, incident.id);
      await inTransaction(deps.db, (trx) =>
        deps.audit(trx, {
          caller,
          verb: 'incidents.diagnose',
          target: incident.id,
          project: incident.project,
          at: deps.clock.now(),
        }),
      );
      return show(context, caller, incidentId);
    },

    /** The likeliest cause of an incident, or of the one that an alert belongs to; undefined while there is none. For the hub itself, whatever the project. */
    async topCause(id: string): Promise<Cause | undefined> {
      const incidentId = id.startsWith('inc_') ? id : (await deps.incidents.of([id])).get(id);
      const row = incidentId === undefined ? undefined : await newestOf(deps.db, incidentId);
      return row && readCauses(row)[0];
    },

    /** The kinds of the likeliest causes behind these alerts; those that have none are left out. */
    async causesOf(alertIds: readonly string[]): Promise<Map<string, CauseKind>> {
      const incidents = await deps.incidents.of(alertIds);
      const tops = await topCauses(deps.db, [...new Set(incidents.values())]);
      return new Map(
        [...incidents].flatMap(([alertId, incidentId]): [string, CauseKind][] => {
          const top = tops.get(incidentId);
          return top ? [[alertId, top.kind]] : [];
        }),
      );
    },

    /** Calls back on the hub that diagnosed, each time an incident's causes are found or come to be others. */
    onRanked(listener: (found: Ranked) => void): void {
      listeners.add(listener);
    },

    /** Forgets what was found more than `keepMs` ago. */
    async expire(keepMs: number): Promise<void> {
      const before = deps.clock.now() - keepMs;
      const tables = diagnosesIn(deps.db);
      await tables.deleteFrom('diagnoses').where('at', '<', before).execute();
      await tables.deleteFrom('diagnosis_work').where('looked_at', '<', before).execute();
      await tables.deleteFrom('diagnosis_explanations').where('asked_at', '<', before).execute();
    },
  };
}
