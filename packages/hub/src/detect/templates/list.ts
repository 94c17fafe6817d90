import type { LogTemplate } from '@orrery/protocol';
import { authorize, type Caller, visibleProjects } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import { byHour, heardSince } from './counts.ts';
import { isNew, lastDay, riseOf } from './judge.ts';
import { loadTemplates } from './store.ts';

export type TemplateFilter = {
  project?: string | undefined;
  service?: string | undefined;
  order: 'frequent' | 'newest';
  limit: number;
};

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
const DAY_MS = 86_400_000;

/** The templates of the last day: those with the most lines first, or the newest first. */
export async function listTemplates(
  { db, now: clock }: { db: Db; now: () => number },
  caller: Caller,
  filter: TemplateFilter,
): Promise<{ items: LogTemplate[] }> {
  authorize(caller, 'ops:view', filter.project);
  const now = clock();
  const visible = visibleProjects(caller);
  const projects = filter.project !== undefined ? [filter.project] : visible === 'all' ? undefined : visible;
  const { templates, sources } = await loadTemplates(db, { projects, since: now - DAY_MS });
  const logs = new Map(sources.map((source) => [`${source.project}/${source.service}`, source]));
  const heard = new Map(
    [...Map.groupBy(templates, ({ project }) => project)].map(([project, own]) => [project, heardSince(own, now)]),
  );
  const chosen = templates
    .filter(({ service }) => filter.service === undefined || service === filter.service)
    .map((template) => ({ template, lines: lastDay(template.counts, now) }))
    .sort((a, b) =>
      filter.order === 'newest'
        ? b.template.firstAt - a.template.firstAt
        : b.lines - a.lines || b.template.lastAt - a.template.lastAt,
    )
    .slice(0, filter.limit);
  return {
    items: chosen.map(({ template, lines }) => {
      const log = logs.get(`${template.project}/${template.service}`) ?? { since: now, lines: 0 };
      return {
        id: template.id,
        project: template.project,
        service: template.service,
        template: template.words.join(' '),
        level: LEVELS[template.level] ?? 'info',
        example: template.example,
        firstAt: iso(template.firstAt),
        lastAt: iso(template.lastAt),
        total: template.total,
        lastDay: lines,
        hours: byHour(template.counts, now),
        isNew: isNew(template, log, now),
        isFrequent:
          riseOf(template, { ...log, since: Math.max(log.since, heard.get(template.project) ?? now) }, now) !==
          undefined,
      };
    }),
  };
}
