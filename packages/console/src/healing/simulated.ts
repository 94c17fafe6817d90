import type { SimulatedPolicy } from '@orrery/protocol';
import { plural } from '../ui/format.ts';

/** How far back a simulation can look here. */
export const SIMULATED_DAYS = [1, 7, 30] as const;

export const nameOf = ({ project, service, policy }: Pick<SimulatedPolicy, 'project' | 'service' | 'policy'>) =>
  `${project}/${service}/${policy}`;

const VERBS = [
  ['act', 'acted'],
  ['approve', 'asked'],
  ['suggest', 'suggested it'],
  ['person', 'left it to a person'],
] as const;

/** `acted 4 times, asked once` */
export function wouldHave({ acts }: Pick<SimulatedPolicy, 'acts'>): string {
  const parts = VERBS.flatMap(([kind, verb]) => {
    const count = acts.filter((act) => act.kind === kind).length;
    return count === 0 ? [] : [`${verb} ${count === 1 ? 'once' : plural(count, 'time')}`];
  });
  return parts.join(', ') || 'done nothing';
}
