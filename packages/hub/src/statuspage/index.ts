import type { StatusPageDeclaration, StatusPageView } from '@orrery/protocol';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { compose, DAYS, PAST_MS, type PageFacts } from './compose.ts';

export { statusPageRoutes } from './routes.ts';

type Deps = {
  clock: Clock;
  log: Log;
  /** What is declared now. */
  pages(): readonly StatusPageDeclaration[];
  states(): Promise<PageFacts['states']>;
  outages(asked: { projects: readonly string[]; since: number }): Promise<PageFacts['outages']>;
  maintenance(now: number): Promise<PageFacts['maintenance']>;
  daily(asked: { projects: readonly string[]; key: string; from: number }): Promise<PageFacts['daily']>;
};
export type StatusPages = ReturnType<typeof createStatusPages>;

/** A view is made anew at most this often, however many look at it; the days of the past change more seldom. */
const FRESH_MS = 5000;
const DAILY_MS = 300_000;
const DAY = 86_400_000;

/** Public pages: read-only, from what the rooms know, and made once for everybody who looks. */
export function createStatusPages(deps: Deps) {
  const views = new Map<string, { page: StatusPageDeclaration; at: number; view: StatusPageView }>();
  const building = new Map<StatusPageDeclaration, Promise<StatusPageView>>();
  const dailies = new WeakMap<StatusPageDeclaration, { at: number; daily: PageFacts['daily'] }>();

  async function dailyOf(page: StatusPageDeclaration, projects: readonly string[]): Promise<PageFacts['daily']> {
    const known = dailies.get(page);
    if (known && deps.clock.monotonic() - known.at < DAILY_MS) return known.daily;
    const daily = await deps.daily({ projects, key: 'probe.up', from: deps.clock.now() - (DAYS - 1) * DAY });
    dailies.set(page, { at: deps.clock.monotonic(), daily });
    return daily;
  }

  async function build(page: StatusPageDeclaration): Promise<StatusPageView> {
    const now = deps.clock.now();
    const services = page.groups.flatMap((group) => group.services);
    const projects = [...new Set(services.map(({ service }) => service.split('/')[0] ?? ''))];
    const [states, outages, maintenance, daily] = await Promise.all([
      deps.states(),
      deps.outages({ projects, since: now - PAST_MS }),
      deps.maintenance(now),
      dailyOf(page, projects),
    ]);
    return compose(page, { states, outages, maintenance, daily }, now);
  }

  return {
    /** What the public sees of a page; undefined when none is declared by this name. While it cannot be made, the last one stays. */
    async view(slug: string): Promise<StatusPageView | undefined> {
      const page = deps.pages().find((each) => each.slug === slug);
      if (!page) return undefined;
      const known = views.get(slug)?.page === page ? views.get(slug) : undefined;
      if (known && deps.clock.monotonic() - known.at < FRESH_MS) return known.view;
      const under = building.get(page);
      if (under) return known ? known.view : under;
      const making = build(page).finally(() => building.delete(page));
      building.set(page, making);
      try {
        const view = await making;
        views.set(slug, { page, at: deps.clock.monotonic(), view });
        return view;
      } catch (error) {
        if (!known) throw error;
        deps.log.warn({ err: error, page: slug }, 'a status page could not be made anew; the last one stays');
        return known.view;
      }
    },
    list: (): readonly StatusPageDeclaration[] => deps.pages(),
  };
}
