import { HealNewsType } from '@orrery/protocol';
import type { Alerts } from './alerts/index.ts';
import type { Events } from './events/index.ts';
import { ANNOTATE, type Annotator } from './platform/annotate.ts';
import { iso } from './platform/clock.ts';
import type { RepairDeps } from './repair/index.ts';

type Rooms = {
  alerts: Pick<Alerts, 'tellOfRepair'>;
  annotator: Pick<Annotator, 'hand'>;
  events: Pick<Events, 'poke'>;
  wake(job: string): void;
};

/**
 * Hands what happens to attempts over to those who tell people of it: as follow-ups of the alert, at most three of one attempt (that it
 * began or asks, that it was approved, what came of it), and as marks in Grafana. A dry run is told by neither.
 */
export function createStory({
  alerts,
  annotator,
  events,
  wake,
}: Rooms): Pick<RepairDeps, 'onStep' | 'stepped' | 'lookNow'> {
  return {
    async onStep(trx, step) {
      const { data: type } = HealNewsType.safeParse(step.type);
      if (type === undefined) return;
      const { at, alertId, policy, remedy, why, attempt } = step;
      await alerts.tellOfRepair(trx, {
        ...{ type, alertId, at, ordinal: attempt?.ordinal ?? 0 },
        heal: {
          ...{ policy, remedy, why },
          ...(attempt ? { attemptId: attempt.id } : {}),
          ...(attempt && attempt.detail !== null ? { detail: attempt.detail } : {}),
          ...(attempt && attempt.expiresAt !== null ? { expiresAt: iso(attempt.expiresAt) } : {}),
        },
      });
      const tags = ['heal', type.replace('heal.', ''), step.project, step.service, ...(attempt ? [attempt.id] : [])];
      const came = attempt?.detail ? `\n${attempt.detail}` : '';
      await annotator.hand(trx, { tags, text: `${step.title}${came}` }, at);
    },
    lookNow: () => wake('repair.work'),
    stepped() {
      events.poke();
      for (const job of ['alerts.deliver', ANNOTATE]) wake(job);
    },
  };
}
