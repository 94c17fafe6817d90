import type { GeneralRemedy, Symptom } from '@orrery/protocol';
import type { LivingAlert } from '../alerts/index.ts';
import type { Lesson, Target } from './context.ts';
import { alertFor, type TurnFacts } from './facts.ts';
import { remedyFormOf, symptomOf } from './symptom.ts';

/** A target whose alert lives, with what is known of its remedy. */
export type Candidate = {
  target: Target;
  alert: LivingAlert;
  symptom: Symptom;
  remedy: GeneralRemedy;
  lesson: Lesson;
};

/**
 * Every target whose alert lives. Of several policies of one service the one whose remedy is most likely to help comes first, and of equals
 * the one that was declared first; services keep the order in which they were declared. Pure: the same facts give the same order.
 */
export function inOrder(targets: readonly Target[], turn: TurnFacts): Candidate[] {
  const candidates = targets.flatMap((target): Candidate[] => {
    const alert = alertFor(target, turn.alerts);
    if (!alert) return [];
    const { project, service, policy } = target;
    const symptom = symptomOf(alert, policy, turn.states, turn.causes.get(alert.id));
    const remedy = remedyFormOf(policy);
    return [{ target, alert, symptom, remedy, lesson: turn.lessons({ project, service, symptom, remedy }) }];
  });
  const byService = Map.groupBy(candidates, ({ target: { project, service } }) => `${project}/${service}`);
  return [...byService.values()].flatMap((own) => own.toSorted((a, b) => b.lesson.expected - a.lesson.expected));
}
