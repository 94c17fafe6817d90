import type { ServiceStatus, StatusPageDeclaration, StatusPageView } from '@orrery/protocol';
import { iso, isoOrNull } from '../platform/clock.ts';

const DAY = 86_400_000;
export const DAYS = 90;
/** How long an incident that is over stays on the page. */
export const PAST_MS = 14 * DAY;
/** Outages that begin within this time are one incident to the public. */
const TOGETHER_MS = 300_000;

type PublicStatus = StatusPageView['status'];
type PublicIncident = StatusPageView['incidents'][number];

/** What the rooms know, in the least form: nothing of it names a target, a reason or a person. Times are epoch ms. */
export type PageFacts = {
  states: readonly { project: string; service: string; status: ServiceStatus; since: number | null }[];
  outages: readonly {
    project: string;
    service: string | null;
    severity: string;
    startedAt: number;
    endedAt: number | null;
  }[];
  /** Windows that are open or come within a week, and what they cover. */
  maintenance: readonly {
    title: string;
    from: number;
    until: number;
    covers(project: string, service: string): boolean;
  }[];
  /** Mean of `probe.up` (0 to 1) by `project/service` and day. */
  daily: ReadonlyMap<string, ReadonlyMap<number, number>>;
};

type Entry = { label: string; project: string; services: string[] };

const WORST: readonly PublicStatus[] = ['down', 'maintenance', 'degraded', 'unknown', 'up'];
const worst = (all: readonly PublicStatus[]): PublicStatus => WORST.find((each) => all.includes(each)) ?? 'unknown';

/** Pure: what the public sees of a page at `now`. Only labels and the words of the declaration go out. */
export function compose(page: StatusPageDeclaration, facts: PageFacts, now: number): StatusPageView {
  const stateOf = new Map(facts.states.map((state) => [`${state.project}/${state.service}`, state]));
  const open = facts.maintenance.filter(({ from, until }) => from <= now && now < until);
  const groups = page.groups.map(({ name, services }) => ({
    name,
    entries: services.map(({ service: ref, label }): Entry => {
      const [project = '', service] = ref.split('/');
      const own = facts.states.filter((state) => state.project === project).map((state) => state.service);
      return {
        label: label ?? service ?? project,
        project,
        services: service === undefined ? [...new Set(own)] : [service],
      };
    }),
  }));
  const entries = groups.flatMap((group) => group.entries);

  const statusOf = ({ project, services }: Entry): { status: PublicStatus; since: number | null } => {
    const states = services.flatMap((service) => stateOf.get(`${project}/${service}`) ?? []);
    const said = states.map(
      ({ status, service }): PublicStatus =>
        status !== 'up' && open.some(({ covers }) => covers(project, service)) ? 'maintenance' : status,
    );
    const covered = services.length > 0 && services.every((each) => open.some(({ covers }) => covers(project, each)));
    const status = covered ? 'maintenance' : worst(said);
    const times = states.filter((state) => state.status === status).flatMap(({ since }) => since ?? []);
    return { status, since: times.length === 0 ? null : Math.max(...times) };
  };

  const today = Math.floor(now / DAY) * DAY;
  const calendar = Array.from({ length: DAYS }, (_, i) => today - (DAYS - 1 - i) * DAY).map((at) => ({
    at,
    day: iso(at).slice(0, 10),
  }));
  const uptimeOf = ({ project, services }: Entry) => {
    const means = services.flatMap((service) => facts.daily.get(`${project}/${service}`) ?? []);
    const days = calendar.map(({ at, day }) => {
      const known = means.flatMap((each) => each.get(at) ?? []);
      return { day, uptimePercent: known.length === 0 ? null : percent(Math.min(...known)) };
    });
    const measured = days.flatMap(({ uptimePercent }) => uptimePercent ?? []);
    const mean = measured.reduce((sum, each) => sum + each, 0) / measured.length;
    return { days, uptimePercent: measured.length === 0 ? null : Math.floor(mean * 100) / 100 };
  };

  const shown = groups.map(({ name, entries }) => ({
    name,
    services: entries.map((entry) => {
      const { status, since } = statusOf(entry);
      return { name: entry.label, status, since: isoOrNull(since), ...uptimeOf(entry) };
    }),
  }));
  return {
    title: page.title,
    ...(page.description === undefined ? {} : { description: page.description }),
    status: worst(shown.flatMap((group) => group.services.map((service) => service.status))),
    generatedAt: iso(now),
    groups: shown,
    incidents: incidentsOf(entries, facts.outages),
    maintenance: facts.maintenance
      .map((window) => ({
        title: window.title,
        from: iso(window.from),
        until: iso(window.until),
        active: window.from <= now && now < window.until,
        services: entries
          .filter(({ project, services }) => services.some((service) => window.covers(project, service)))
          .map(({ label }) => label),
      }))
      .filter(({ services }) => services.length > 0)
      .sort((a, b) => a.from.localeCompare(b.from)),
  };
}

/** Rounded down: a page must not say 100 % of a day with an outage in it. */
const percent = (share: number): number => Math.floor(share * 10_000) / 100;

/** Outages of shown services that began together, as one. */
function incidentsOf(entries: readonly Entry[], outages: PageFacts['outages']): PublicIncident[] {
  const own = outages
    .flatMap((outage) => {
      const entry = entries.find(
        ({ project, services }) =>
          project === outage.project && (outage.service === null || services.includes(outage.service)),
      );
      return entry ? [{ ...outage, label: entry.label }] : [];
    })
    .sort((a, b) => a.startedAt - b.startedAt);
  const groups: (typeof own)[] = [];
  for (const outage of own) {
    const last = groups.at(-1);
    if (last?.[0] && outage.startedAt - last[0].startedAt <= TOGETHER_MS) last.push(outage);
    else groups.push([outage]);
  }
  return groups.reverse().map((group): PublicIncident => {
    const lasts = group.some(({ endedAt }) => endedAt === null);
    // Of what lasts the title speaks in the present: not of what has recovered.
    const told = lasts ? group.filter(({ endedAt }) => endedAt === null) : group;
    const labels = [...new Set(told.map(({ label }) => label))];
    const down = told.some(({ severity }) => severity === 'critical');
    const first = Math.min(...group.map(({ startedAt }) => startedAt));
    return {
      title: `${inWords(labels)} ${labels.length === 1 ? (lasts ? 'is' : 'was') : lasts ? 'are' : 'were'} ${down ? 'unavailable' : 'degraded'}`,
      status: lasts ? 'open' : 'resolved',
      severity: down ? 'critical' : 'warning',
      startedAt: iso(first),
      ...(lasts ? {} : { resolvedAt: iso(Math.max(...group.map(({ endedAt }) => endedAt ?? 0))) }),
      services: [...new Set(group.map(({ label }) => label))],
    };
  });
}

function inWords(labels: readonly string[]): string {
  const some = labels.slice(0, 3);
  const more = labels.length - some.length;
  if (more > 0) return `${some.join(', ')} and ${more} more`;
  return some.length < 2 ? (some[0] ?? '') : `${some.slice(0, -1).join(', ')} and ${some.at(-1)}`;
}
