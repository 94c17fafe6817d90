import type { Cause, Diagnosis } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { HubError } from '../platform/errors.ts';
import type { DiagnosisContext } from './context.ts';
import { explanationOf } from './explain/store.ts';
import type { Fact } from './rank/facts.ts';
import { newestOf, readCauses, readFacts } from './store.ts';

/** The newest diagnosis of an incident, as far as the caller sees its projects; not_found while there is none, and for an incident that it does not see. */
export async function show(context: DiagnosisContext, caller: Caller, incidentId: string): Promise<Diagnosis> {
  authorize(caller, 'ops:view');
  const incident = await context.incidents.get(caller, incidentId);
  const row = await newestOf(context.db, incident.id);
  if (!row) throw new HubError('not_found', 'This incident has not been diagnosed yet.');
  const [causes, facts] = [readCauses(row), readFacts(row)];
  const seen = facts.filter((fact) => isVisible(caller, fact));
  const ids = new Set(seen.map(({ id }) => id));
  const whole = seen.length === facts.length && causes.every(({ project }) => sees(caller, project));
  return {
    id: row.id,
    incidentId: incident.id,
    at: iso(row.at),
    causes: causes
      .filter(({ project }) => sees(caller, project))
      .map(
        (cause): Cause => ({
          ...cause,
          evidence: cause.evidence.filter((id) => ids.has(id)),
        }),
      ),
    evidence: seen.map(toEvidence),
    // A claim may speak of everything that the model was shown.
    explanation: whole ? await explanationOf(context.db, row, ids) : null,
  };
}

const isVisible = (caller: Caller, { project, neededBy = [] }: Fact): boolean =>
  sees(caller, project) && neededBy.every((part) => sees(caller, part.project));

const toEvidence = ({ id, kind, at, project, service, text }: Fact) => ({
  ...{ id, kind, project, text },
  at: iso(at),
  ...(service === null ? {} : { service }),
});
