import { type RangeSearch, readRange } from './ui/range.ts';
import { oneOf, readSort, someOf, textOf, writeSort } from './ui/search.ts';

/** What each page keeps in its URL, read leniently: what makes no sense is dropped, so an old or mistyped link still opens. */
type Search = Record<string, unknown>;

/** Leaves out what is not set, so that a URL holds only what was chosen. */
function given<T extends object>(parts: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as never;
}

export const readOverview = (search: Search): RangeSearch => readRange(search);

export const PROJECT_TABS = ['services', 'metrics', 'performance', 'logs', 'config'] as const;
export const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;

export const readProject = (search: Search) => ({
  ...readRange(search),
  ...given({
    tab: oneOf(search.tab, PROJECT_TABS),
    level: oneOf(search.level, LEVELS),
    q: textOf(search.q),
    metric: textOf(search.metric),
    as: oneOf(search.as, ['table']),
  }),
});

export const HEALING_TABS = ['repairs', 'patterns', 'simulation'] as const;
export const HEALING_WORD: Record<(typeof HEALING_TABS)[number], string> = {
  repairs: 'Repairs & policies',
  patterns: 'Patterns',
  simulation: 'Simulation',
};
export const readHealing = (search: Search) =>
  given({
    tab: oneOf(search.tab, HEALING_TABS),
    attempt: textOf(search.attempt),
    policy: textOf(search.policy),
    days: oneOf(search.days === undefined ? undefined : String(search.days), ['1', '7', '30']),
  });

export const PROJECTS_TABS = ['all', 'actions'] as const;

export const readProjects = (search: Search) =>
  given({
    tab: oneOf(search.tab, PROJECTS_TABS),
    request: textOf(search.request),
    q: textOf(search.q),
    status: oneOf(search.status, ['online', 'degraded', 'offline']),
    sort: writeSort(readSort(search.sort)),
    add: oneOf(search.add, ['1']),
  });

export const ALERT_STATUSES = ['open', 'acknowledged', 'resolved', 'ignored'] as const;
export const SEVERITIES = ['critical', 'warning', 'info'] as const;

export const ALERT_TABS = ['alerts', 'incidents', 'silences'] as const;

export const readAlerts = (search: Search) =>
  given({
    tab: oneOf(search.tab, ALERT_TABS),
    incident: textOf(search.incident),
    new: oneOf(search.new, ['silence', 'maintenance']),
    status: search.status === 'all' ? ('all' as const) : someOf(search.status, ALERT_STATUSES)?.join(','),
    severity: someOf(search.severity, SEVERITIES)?.join(','),
    project: textOf(search.project),
    sort: writeSort(readSort(search.sort)),
    alert: textOf(search.alert),
  });

export const readPredictions = (search: Search) =>
  given({
    project: textOf(search.project),
    series: textOf(search.series),
    q: textOf(search.q),
    sort: writeSort(readSort(search.sort)),
  });

export const readSecurity = (search: Search) =>
  given({
    state: oneOf(search.state, ['active', 'ended']),
    family: textOf(search.family),
    project: textOf(search.project),
    sort: writeSort(readSort(search.sort)),
    incident: textOf(search.incident),
  });

const AGENTS = ['Monitor', 'Diagnostic', 'Repair', 'Learning', 'Predictive', 'Security', 'Performance'] as const;
export const readAgents = (search: Search) => given({ agent: oneOf(search.agent, AGENTS) });

export const SETTINGS_TABS = ['keys', 'channels', 'routes', 'rules', 'pages', 'mesh', 'config', 'audit'] as const;
export const SETTINGS_WORD: Record<(typeof SETTINGS_TABS)[number], string> = {
  keys: 'Users & keys',
  channels: 'Channels',
  routes: 'Routes',
  rules: 'Rules',
  pages: 'Status pages',
  mesh: 'Mesh',
  config: 'Configuration',
  audit: 'Audit',
};
export const readSettings = (search: Search) =>
  given({
    tab: oneOf(search.tab, SETTINGS_TABS),
    channel: textOf(search.channel),
    actor: textOf(search.actor),
    verb: textOf(search.verb),
    in: textOf(search.in),
    since: oneOf(search.since, ['1h', '24h', '7d', '30d']),
    q: textOf(search.q),
    entry: textOf(search.entry),
  });

export const ECOSYSTEM_TABLES = ['projects', 'edges'] as const;
/** `x,y,zoom` of the map. */
const PLACE = /^-?\d{1,7}(\.\d+)?,-?\d{1,7}(\.\d+)?,\d{1,2}(\.\d+)?$/;
/** RFC 3339 in UTC. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/;
const numberText = (value: unknown, test: (value: number) => boolean) => {
  const text = textOf(value);
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) && test(Number(text)) ? text : undefined;
};

export const readEcosystem = (search: Search) =>
  given({
    overlay: oneOf(search.overlay, ['risk', 'compliance', 'freshness', 'health', 'cost']),
    find: textOf(search.find),
    hide: textOf(search.hide),
    domain: textOf(search.domain),
    status: someOf(search.status, ['online', 'degraded', 'offline'])?.join(','),
    tag: textOf(search.tag),
    team: textOf(search.team),
    kind: textOf(search.kind),
    strength: numberText(search.strength, (value) => value <= 1),
    sel: textOf(search.sel),
    edge: textOf(search.edge),
    focus: textOf(search.focus),
    depth: oneOf(search.depth, ['1', '2', '3', 'all']),
    dir: oneOf(search.dir, ['both', 'needs', 'neededBy']),
    grown: textOf(search.grown),
    each: oneOf(search.each, ['1']),
    open: textOf(search.open),
    as: oneOf(search.as, ECOSYSTEM_TABLES),
    sort: writeSort(readSort(search.sort)),
    when:
      typeof search.when === 'string' && !Number.isNaN(Date.parse(search.when)) && MOMENT.test(search.when)
        ? search.when
        : undefined,
    every: oneOf(search.every, ['10s', '30s', '1min', 'off']),
    at: typeof search.at === 'string' && PLACE.test(search.at) ? search.at : undefined,
  });

export const AI_TABS = ['usage', 'calls', 'budgets', 'playground'] as const;
export const AI_WORD: Record<(typeof AI_TABS)[number], string> = {
  usage: 'Usage',
  calls: 'Calls',
  budgets: 'Budgets',
  playground: 'Playground',
};
export const AI_BY = ['provider', 'model', 'tenant', 'project', 'intent', 'key'] as const;

export const readAi = (search: Search) => ({
  ...readRange(search),
  ...given({
    tab: oneOf(search.tab, AI_TABS),
    by: oneOf(search.by, AI_BY),
    outcome: oneOf(search.outcome, ['ok', 'failed', 'refused', 'cancelled', 'cut']),
    intent: textOf(search.intent),
    call: textOf(search.call),
  }),
});
