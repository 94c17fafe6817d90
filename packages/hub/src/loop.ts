import type { Alerts } from './alerts/index.ts';
import type { Catalog } from './catalog/index.ts';
import { type Detect, HUB_PROJECT } from './detect/index.ts';
import type { Events } from './events/index.ts';
import type { Facts, Hubs, Intake } from './intake/index.ts';
import { defineJob, type JobDefinition, type Jobs } from './platform/jobs.ts';
import type { Log } from './platform/log.ts';

export type Loop = { jobs: JobDefinition[]; settle(): Promise<void> };

type Rooms = {
  catalog: Pick<Catalog, 'touch' | 'observe' | 'sightings' | 'verify' | 'flushSightings'>;
  intake: Pick<Intake, 'onFacts' | 'checkSoon'>;
  hubs: Pick<Hubs, 'tell' | 'onNews'>;
  detect: Detect;
  alerts: Alerts;
  events: Events;
  jobs: () => Pick<Jobs, 'leading' | 'wake'>;
  log: Log;
};

/** New values without a new status wait this long for more of them: to judge a project costs more than to read a value. */
const CALM_MS = 2000;

/**
 * The operating loop, and the only wire between the rooms: facts → catalog → rules → detect → alerts → channels and diagnosis. Each step works on what is
 * stored, so running it again changes nothing: it runs at once when facts arrive, and a sweep repeats it for what a crash or another
 * hub left behind.
 */
export function createLoop({ catalog, intake, hubs, detect, alerts, events, jobs, log }: Rooms): Loop {
  const dirty = new Set<string>();
  let judging: Promise<void> | undefined;
  let calm: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();

  /** One judgement at a time: what one read must not be acted on after what a later one has seen. */
  function judge(projects?: string[]): Promise<void> {
    const mine = turn.then(() => judgeNow(projects));
    turn = mine.catch(() => undefined);
    return mine;
  }

  /** Facts → findings → alerts → notifications, for some projects or for all. */
  async function judgeNow(projects?: string[]): Promise<void> {
    const touched = await workRules();
    const { findings, scope, at } = await detect.evaluate(projects && [...new Set([...projects, ...touched])]);
    // One that was stopped meanwhile may have been replaced: what it saw is old.
    if (!jobs().leading()) return;
    const {
      opened,
      resolved,
      reopened = 0,
      look,
    } = await alerts.reconcile(findings, {
      ...{ scope, at },
      whole: projects === undefined,
    });
    tell(opened + resolved + reopened);
    if (look) intake.checkSoon(look);
  }

  /** Events and samples → what rules make of them. Rules that cannot be worked keep nobody from being judged; they go on next time. */
  async function workRules(): Promise<string[]> {
    try {
      const { projects, told } = await alerts.rules.work();
      tell(told);
      return projects;
    } catch (error) {
      log.error({ err: error }, 'rules could not be worked; they go on from where they were');
      return [];
    }
  }

  /** Everything judged again, and the alerts of projects that are no longer watched ended. */
  async function sweep(): Promise<void> {
    await judge();
    tell(await alerts.retire([...(await catalog.sightings()).map(({ slug }) => slug), HUB_PROJECT]));
  }

  function tell(changes: number): void {
    if (changes === 0) return;
    events.poke();
    jobs().wake('alerts.deliver');
    jobs().wake('diagnosis.work');
  }

  /** What arrives during a judgement is judged together right after it. */
  function judgeSoon(): void {
    if (judging || dirty.size === 0 || !jobs().leading()) return;
    const projects = [...dirty];
    dirty.clear();
    judging = judge(projects)
      .catch((error: unknown) => log.error({ err: error, projects }, 'a judgement failed; the sweep repeats it'))
      .finally(() => {
        judging = undefined;
        judgeSoon();
      });
  }

  function judgeCalm(): void {
    calm = undefined;
    judgeSoon();
  }

  /** What samples match on a hub that does not judge is written down for the one that does. */
  function keepMatches(): void {
    void alerts.rules
      .keep()
      .then(({ told }) => tell(told))
      .catch((error: unknown) => log.error({ err: error }, 'what samples matched could not be written down'));
  }

  intake.onFacts((facts: Facts) => {
    catalog.observe(facts.seen);
    catalog.touch(facts.projects);
    for (const project of facts.projects) dirty.add(project);
    events.poke();
    hubs.tell({ kind: 'facts', projects: facts.projects });
    if (!jobs().leading()) keepMatches();
    else if (facts.calm) calm ??= setTimeout(judgeCalm, CALM_MS);
    else judgeSoon();
  });

  // What another hub has stored is judged by the one that leads as if it were its own.
  hubs.onNews((news) => {
    if (news.kind !== 'facts') return;
    catalog.touch(news.projects);
    for (const project of news.projects) dirty.add(project);
    events.poke();
    judgeSoon();
  });

  return {
    jobs: [
      defineJob({
        name: 'catalog.verify',
        agent: 'Monitor',
        schedule: { everyMs: 300_000 },
        timeoutMs: 240_000,
        run: ({ signal }) => catalog.verify(undefined, signal),
      }),
      defineJob({
        name: 'detect.sweep',
        agent: 'Monitor',
        schedule: { everyMs: 5000 },
        timeoutMs: 60_000,
        run: sweep,
      }),
      defineJob({
        name: 'detect.logs',
        agent: 'Monitor',
        schedule: { everyMs: 5000 },
        timeoutMs: 60_000,
        async run({ signal }) {
          for (const project of (await detect.mineLogs(signal)).projects) dirty.add(project);
          judgeSoon();
        },
      }),
      defineJob({
        name: 'alerts.deliver',
        agent: 'Monitor',
        schedule: { everyMs: 1000 },
        timeoutMs: 120_000,
        run: ({ signal }) => alerts.deliver(signal),
      }),
    ],
    async settle() {
      clearTimeout(calm);
      await judging;
      await catalog.flushSightings();
    },
  };
}
