import type { Alert, InsightAlert, Insights, ProjectStatus, Trend } from '@orrery/protocol';
import type { Improvement } from '../detect/index.ts';
import { type HourlySeries, trendOf } from './trend.ts';

export type ProjectFacts = {
  slug: string;
  name: string;
  status: ProjectStatus;
  /** Whether anything checks it. */
  watched: boolean;
  /** Share of good checks over the range in percent; null when there were none. */
  uptimePercent: number | null;
  series: readonly HourlySeries[];
  /** What its performance leaves to be improved. */
  improvements?: readonly Improvement[];
};
export type AnalysisFacts = {
  projects: readonly ProjectFacts[];
  /** Alerts that opened in the range or live now, newest first. */
  alerts: readonly Alert[];
};

/** An alert that came back so often within the range has a cause that nobody has found. */
const RECURRING = 3;
/** From this change on a turn for the worse is a warning, below it a note. */
const STEEP_PERCENT = 50;
const MAX_TRENDS = 40;
const MAX_ITEMS = 12;

const living = (alert: Alert) => alert.status === 'open' || alert.status === 'acknowledged';
const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** What a week of facts comes to: no model, the same facts always give the same insights. */
export function examine({ projects, alerts }: AnalysisFacts, now: number): Insights {
  const trends = projects
    .flatMap((project) => project.series.flatMap((series) => trendOf(series, now) ?? []))
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, MAX_TRENDS);
  const worse = trends.filter(({ meaning }) => meaning === 'worse');
  return {
    summary: summarize(projects, alerts, trends),
    alerts: worse.map(alertOf),
    optimizations: [...recurring(alerts), ...costs(worse), ...improvements(projects), ...unwatched(projects)],
    trends,
    action_items: actionItems(projects, alerts, worse).slice(0, MAX_ITEMS),
  };
}

/** What turned for the worse stands first, the larger change before the smaller. */
const weight = ({ meaning, changePercent }: Trend): number =>
  (meaning === 'worse' ? 1e9 : meaning === 'better' ? 1e6 : 0) + Math.min(Math.abs(changePercent ?? 1e5), 1e5);

const part = ({ site_key, service }: Pick<Trend, 'site_key' | 'service'>) =>
  service === undefined ? site_key : `${site_key}/${service}`;

const changeOf = ({ changePercent, direction, now }: Trend): string =>
  changePercent === null ? `from 0 to ${now}` : `${direction} by ${Math.abs(changePercent)} %`;

const categoryOf = (metric: string): InsightAlert['category'] =>
  /cost|fee/.test(metric)
    ? 'cost'
    : /revenue|mrr|transactions|signups|users|orders|sales|pageviews|visitors|sessions|churn|bounce/.test(metric)
      ? 'opportunity'
      : /vulns/.test(metric)
        ? 'security'
        : 'performance';

function alertOf(trend: Trend): InsightAlert {
  const { metric, now, before, unit, days, changePercent } = trend;
  const of = (value: number) => (unit === undefined ? String(value) : `${value} ${unit}`);
  return {
    site_key: trend.site_key,
    ...(trend.service === undefined ? {} : { service: trend.service }),
    metric,
    severity: changePercent === null || Math.abs(changePercent) >= STEEP_PERCENT ? 'warning' : 'info',
    category: categoryOf(metric),
    title: `${metric} of ${part(trend)} is ${changeOf(trend)}`,
    description: `Over the last 24 hours ${metric} was ${of(now)} on average; on the ${days} days before it was ${of(before)} in the middle, and its days differed far less than that.`,
    recommendation: `Look at what changed in ${trend.site_key} within these 24 hours: a deploy, its traffic, what it depends on.`,
  };
}

function recurring(alerts: readonly Alert[]): Insights['optimizations'] {
  return [...Map.groupBy(alerts, ({ fingerprint }) => fingerprint).values()]
    .filter((same) => same.length >= RECURRING)
    .sort((a, b) => b.length - a.length)
    .flatMap(([newest, ...rest]) =>
      newest
        ? {
            site_key: newest.project,
            type: 'reliability' as const,
            description: `"${newest.title}" opened ${rest.length + 1} times in a week: what is repaired is its symptom. Find its cause, or raise its limit if it is no trouble.`,
            priority: newest.severity === 'critical' ? ('high' as const) : ('medium' as const),
          }
        : [],
    );
}

function costs(worse: readonly Trend[]): Insights['optimizations'] {
  return worse
    .filter(({ metric }) => categoryOf(metric) === 'cost')
    .map((trend) => ({
      site_key: trend.site_key,
      type: 'cost' as const,
      description: `${trend.metric} is ${changeOf(trend)} against the ${trend.days} days before: look at what is used for it.`,
      priority: (trend.changePercent ?? 100) >= STEEP_PERCENT ? ('high' as const) : ('medium' as const),
    }));
}

const improvements = (projects: readonly ProjectFacts[]): Insights['optimizations'] =>
  projects.flatMap(({ slug, improvements: own = [] }) =>
    own.map((improvement) => ({ site_key: slug, type: 'performance' as const, ...improvement })),
  );

function unwatched(projects: readonly ProjectFacts[]): Insights['optimizations'] {
  return projects
    .filter(({ watched }) => !watched)
    .map(({ slug, name }) => ({
      site_key: slug,
      type: 'coverage' as const,
      description: `Nothing checks ${name}: declare a service with a probe.`,
      priority: 'low' as const,
    }));
}

function actionItems(projects: readonly ProjectFacts[], alerts: readonly Alert[], worse: readonly Trend[]): string[] {
  const unheeded = alerts.filter((alert) => alert.status === 'open' && alert.severity === 'critical');
  return [
    ...unheeded.map((alert) => `Take up "${alert.title}", open since ${alert.createdAt.slice(0, 16)} UTC.`),
    ...projects.filter(({ status }) => status === 'offline').map(({ name }) => `Find out why ${name} is offline.`),
    ...worse
      .filter(({ changePercent }) => changePercent === null || Math.abs(changePercent) >= STEEP_PERCENT)
      .map((trend) => `Find out why ${trend.metric} of ${part(trend)} is ${changeOf(trend)}.`),
  ];
}

function summarize(projects: readonly ProjectFacts[], alerts: readonly Alert[], trends: readonly Trend[]): string {
  if (projects.length === 0) return 'No project is declared yet.';
  const ill = projects.filter(({ status }) => status !== 'online');
  const states =
    ill.length === 0
      ? `${plural(projects.length, 'project')}, all online.`
      : `${plural(projects.length, 'project')}: ${ill.map(({ name, status }) => `${name} is ${status}`).join(', ')}.`;
  const open = alerts.filter(living).length;
  const alerting =
    alerts.length === 0
      ? 'No alert in seven days.'
      : `${plural(alerts.length, 'alert')} in seven days, ${open === 0 ? 'none' : open} of them open.`;
  const measured = projects.filter((project) => project.uptimePercent !== null);
  const worst = measured.toSorted((a, b) => (a.uptimePercent ?? 0) - (b.uptimePercent ?? 0))[0];
  const uptime =
    worst && worst.uptimePercent !== null && worst.uptimePercent < 99.9
      ? `Least available was ${worst.name}: ${worst.uptimePercent} %.`
      : '';
  const count = (meaning: Trend['meaning']) => trends.filter((trend) => trend.meaning === meaning).length;
  const [better, bad] = [count('better'), count('worse')];
  const turns =
    better + bad === 0
      ? 'No metric left its usual range.'
      : `${plural(bad, 'metric')} turned for the worse, ${better} for the better.`;
  return [states, uptime, alerting, turns].filter(Boolean).join(' ');
}
