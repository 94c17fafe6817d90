import type { IncidentHead } from '../alerts/index.ts';
import type { DiagnosisContext } from './context.ts';
import { gather, lookAround, type Surroundings } from './gather/gather.ts';
import type { Fact } from './rank/facts.ts';
import { rank } from './rank/rank.ts';
import { diagnosesIn, kept, newestOf, readFacts, save } from './store.ts';
import type { WorkRow } from './tables.ts';

/** Evidence that is read every so often comes after the alert: it is looked for again so long after a change. */
const AGAIN_MS = [15_000, 30_000, 90_000] as const;
/** An incident that changes all the time is looked at no more often. */
const CALM_MS = 1000;
/** One that ended is looked at a last time, unless it was so long ago. */
const ENDED_MS = 10 * 60_000;
const MOST_INCIDENTS = 2000;
const TURN_MS = 20_000;

/** What of an incident makes it another one when it changes: its root, how many alerts it has, whether it is over. */
const stateOf = ({ status, rootAlertId, alerts, newestAt }: IncidentHead): string =>
  `${status} ${rootAlertId} ${alerts} ${newestAt}`;

/**
 * Diagnoses every incident that is new, has changed, or is due for another look; it works on what stands in the rows, so that it may be run
 * at any time and by any hub. Answers whether something is still to be done.
 */
export async function work(context: DiagnosisContext, signal: AbortSignal): Promise<boolean> {
  const now = context.clock.now();
  const heads = await context.incidents.standing(now - ENDED_MS, MOST_INCIDENTS);
  if (heads.length === 0) return false;
  const known = await workOf(context, heads);
  const due = heads.filter((head) => isDue(head, known.get(head.id), now));
  if (due.length === 0) return false;
  const around = await lookAround(rooms(context));
  // What was never looked at first: people wait for it.
  due.sort((a, b) => Number(known.has(a.id)) - Number(known.has(b.id)) || b.startedAt - a.startedAt);
  const end = context.clock.monotonic() + TURN_MS;
  let failed: unknown;
  for (const head of due) {
    signal.throwIfAborted();
    // What is left is the next turn's: a flood of incidents is no failure of the job.
    if (context.clock.monotonic() > end) return false;
    try {
      await diagnose(context, around, head, known.get(head.id));
    } catch (error) {
      // One incident that cannot be diagnosed keeps no other from it; it is tried again in the next turn.
      context.log.error({ err: error, incident: head.id }, 'an incident could not be diagnosed');
      failed = error;
    }
  }
  if (failed !== undefined) throw failed;
  return true;
}

/** The same for one incident, whatever was known of it before. */
export async function diagnoseNow(context: DiagnosisContext, incidentId: string): Promise<void> {
  const heads = await context.incidents.standing(0, MOST_INCIDENTS);
  const head = heads.find(({ id }) => id === incidentId);
  if (!head) return;
  const before = (await workOf(context, [head])).get(head.id);
  await diagnose(context, await lookAround(rooms(context)), head, before);
}

const rooms = (context: DiagnosisContext) => ({ ...context, alerts: context.incidents });

async function workOf({ db }: DiagnosisContext, heads: readonly IncidentHead[]): Promise<Map<string, WorkRow>> {
  const known = new Map<string, WorkRow>();
  for (let i = 0; i < heads.length; i += 500)
    for (const row of await diagnosesIn(db)
      .selectFrom('diagnosis_work')
      .selectAll()
      .where(
        'incident_id',
        'in',
        heads.slice(i, i + 500).map(({ id }) => id),
      )
      .execute())
      known.set(row.incident_id, row);
  return known;
}

function isDue(head: IncidentHead, known: WorkRow | undefined, now: number): boolean {
  if (!known) return true;
  if (known.seen !== stateOf(head))
    return head.status === 'resolved' || now - known.looked_at >= CALM_MS || now < known.looked_at;
  return known.due_at !== null && known.due_at <= now;
}

async function diagnose(
  context: DiagnosisContext,
  around: Surroundings,
  head: IncidentHead,
  known: WorkRow | undefined,
): Promise<void> {
  const now = context.clock.now();
  const before = await newestOf(context.db, head.id);
  const { situation, alerts } = await gather(rooms(context), around, head, now);
  const root = alerts.find(({ id }) => id === head.rootAlertId) ?? alerts[0];
  if (!root) return;
  // What was seen of the incident was seen, also when a check of now says something else.
  const members = new Set(situation.facts.map(({ id }) => id));
  const past = before ? readFacts(before).filter((fact) => !members.has(fact.id) && isPast(fact)) : [];
  const facts = [...situation.facts, ...past];
  const causes = rank({ ...situation, facts });
  await save(
    context,
    { id: head.id, project: root.project, service: root.service, fingerprint: root.fingerprint },
    causes,
    kept(facts, causes),
  );
  const changed = known?.seen !== stateOf(head);
  const round = changed ? 0 : (known?.rounds ?? 0) + 1;
  const again = head.status === 'open' ? AGAIN_MS[round] : undefined;
  const row: WorkRow = {
    incident_id: head.id,
    seen: stateOf(head),
    rounds: round,
    looked_at: now,
    due_at: again === undefined ? null : now + again,
  };
  await diagnosesIn(context.db)
    .insertInto('diagnosis_work')
    .values(row)
    .onConflict((oc) => oc.column('incident_id').doUpdateSet(row))
    .execute();
}

/** An alert that is of the incident no more is not its symptom; and what hangs on what is said anew each time. */
const isPast = ({ kind }: Fact): boolean => kind !== 'alert' && kind !== 'edge';
