import { setImmediate as turn } from 'node:timers/promises';
import type { HealSimulation, HealSimulationInput } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { HubError } from '../platform/errors.ts';
import type { RepairContext } from './context.ts';
import { symptomsSince } from './outcomes.ts';
import { replay } from './replay.ts';

const DAY = 86_400_000;
/** A question of more work than this is to be narrowed. */
const MOST_TURNS = 2000;

const ASSUMES = [
  'repair is enabled and nobody has paused it',
  'a policy that would only have said so counts as one that acts',
  'an act would have healed when the alert really ended within the time of its check, and else have had no effect',
  'nobody gave the approvals that it would have asked for',
  'what is learned, dependencies and maintenance are as they are now',
] as const;

/** What policies would have done with the alerts of the last days; nothing is written and nobody is asked. Of projects that the caller may see. */
export async function simulate(
  context: RepairContext,
  caller: Caller,
  { days, project, policies, limits }: HealSimulationInput,
): Promise<HealSimulation> {
  authorize(caller, 'ops:view');
  const now = context.clock.now();
  const from = now - days * DAY;
  const isMeant = (slug: string) => sees(caller, slug) && (project === undefined || project === slug);
  const proposed = policies?.map((one) => ({ ...one, declaredIn: 'proposed' }));
  const [past, states, lessons, symptoms] = await Promise.all([
    context.pastAlerts(from),
    context.states(),
    context.lessons(),
    symptomsSince(context.db, from),
  ]);
  const work = replay({
    targets: (proposed ?? context.targets()).filter((target) => isMeant(target.project)),
    alerts: past.filter((alert) => isMeant(alert.project)),
    limits: limits ?? context.limits(),
    ...{ lessons, symptoms, inMaintenance: context.inMaintenance, from, now },
    services: new Set(states.map(({ project: slug, service }) => `${slug}/${service}`)).size,
  });
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    const step = work.next();
    if (step.done) return { from: iso(from), to: iso(now), assumes: [...ASSUMES], policies: step.value };
    await turn();
  }
  throw new HubError('unprocessable', 'There is too much of it: ask for fewer days, or for one project.');
}
