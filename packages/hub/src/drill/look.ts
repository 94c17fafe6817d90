import type { Alert, Diagnosis, HealAttempt } from '@orrery/protocol';
import { type DrillApi, nameOf, type Target } from './ground.ts';
import type { Attempt } from './score.ts';

/** What the hub's API says; nothing of it is concluded here. */
export function look(api: DrillApi) {
  return {
    async livingAlerts(): Promise<Alert[]> {
      return (await api.get<{ items: Alert[] }>('/api/fed/alerts?status=open,acknowledged&limit=200')).items;
    },
    /** When the newest recovery of these services was, by the hub's clock; undefined when there was none lately. */
    async recoveredAt(targets: readonly Target[]): Promise<number | undefined> {
      const names = new Set(targets.map(nameOf));
      const { items } = await api.get<{ items: Alert[] }>('/api/fed/alerts?status=resolved&limit=50');
      const ends = items.flatMap(({ project, service, resolvedAt }) =>
        service !== undefined && resolvedAt !== undefined && names.has(nameOf({ project, service }))
          ? Date.parse(resolvedAt)
          : [],
      );
      return ends.length === 0 ? undefined : Math.max(...ends);
    },
    /** The first words of the diagnosis of an incident; undefined while there is none. */
    async cause(incidentId: string) {
      const diagnosis = await api.find<Diagnosis>(`/api/incidents/${encodeURIComponent(incidentId)}/diagnosis`);
      const [first] = diagnosis?.causes ?? [];
      if (!first) return undefined;
      const cited = (diagnosis?.evidence ?? []).filter(({ id }) => first.evidence.includes(id));
      return { ...first, why: cited.map(({ text }) => text) };
    },
    async attempts(): Promise<Attempt[]> {
      const { items } = await api.get<{ items: HealAttempt[] }>('/ops/autoheal?limit=200');
      return items.map(({ id, target, outcome, status, createdAt, remedy, detail, durations: { toActMs } }) => ({
        ...{ id, target, outcome, status, createdAt, detail, remedy: remedy.text },
        // One that asks, was refused or only said what it would do never began to act.
        actsAt: toActMs === null ? undefined : Date.parse(createdAt) + toActMs,
      }));
    },
    /** Services that are not well. */
    async unwell(targets: readonly Target[]): Promise<string[]> {
      const { services } = await api.get<{ services: (Target & { status: string })[] }>('/ops/health');
      return targets.map(nameOf).filter((name) => {
        const own = services.filter((service) => nameOf(service) === name);
        return own.length === 0 || own.some(({ status }) => status !== 'up');
      });
    },
  };
}
export type Look = ReturnType<typeof look>;
