import {
  type Agent,
  AgentName,
  type Agents,
  type Alert,
  type FedProject,
  type Forecast,
  type HealAttempt,
  type Job,
  type OpsHealth,
  type Pattern,
  type PlatformHealth,
  type PublicHealth,
  type SecurityIncident,
  type SystemDashboard,
  type SystemHealth,
  type SystemHealthDetailed,
  type SystemMetrics,
} from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { HubError } from '../platform/errors.ts';

/** A newest value of one series; times are epoch ms. */
type Newest = {
  project: string;
  key: string;
  service?: string;
  tags?: Record<string, string>;
  unit?: string;
  value: number | string;
  at: number;
};
/** The newest or the most important first, at most so many. */
type List<T> = (caller: Caller, limit: number) => Promise<readonly T[]>;
type Lists = { patterns: List<Pattern>; predictions: List<Forecast>; security: List<SecurityIncident> };

export type SystemDeps = Lists & {
  agents(caller: Caller): Promise<Agents>;
  projects(caller: Caller): Promise<FedProject[]>;
  alerts(caller: Caller, limit: number): Promise<Alert[]>;
  countAlerts(): Promise<readonly { severity: string; count: number }[]>;
  repairs(caller: Caller, limit: number): Promise<HealAttempt[]>;
  newest(projects: readonly string[], keys?: readonly string[]): Promise<readonly Newest[]>;
  /** The newest values of whatever is tagged with a platform. */
  tagged(platform: string): Promise<readonly Newest[]>;
  /** Platforms that tiers name, whether or not anything was told of them. */
  tiers(): readonly string[];
  services(caller: Caller): Promise<OpsHealth['services']>;
  /** Projects of which a check tells something. */
  checked(): Promise<ReadonlySet<string>>;
  /** How this hub itself is. */
  health(): PublicHealth['status'];
  inside(): Promise<SystemHealthDetailed['hub']>;
  uptimeMs(): number;
  version: string;
};
export type System = ReturnType<typeof createSystem>;

/** What is told of every platform at once; all that one has is told when it is asked for by its name. */
const HEADLINES = [
  ...['performance.latency_p95_ms', 'performance.error_rate', 'performance.requests'],
  ...['db.query_p95_ms', 'db.errors', 'process.cpu_percent', 'process.memory_percent', 'process.rss_bytes'],
  ...['health.latency_ms', 'audit.ok', 'audit.warn', 'audit.fail', 'security.vulns_critical', 'security.vulns_high'],
];
const MOST = 5000;
const NEWEST = 20;

/** What `/admin/system/*` tells: the whole hub, for those who run it. */
export function createSystem(deps: SystemDeps) {
  async function health(caller: Caller): Promise<SystemHealth & { full: Agents }> {
    const [agents, projects, checked] = await Promise.all([deps.agents(caller), deps.projects(caller), deps.checked()]);
    const own = deps.health();
    const platforms = Object.fromEntries(
      projects.map((project) => [project.slug, healthOf(project, checked.has(project.slug))]),
    );
    return {
      system: { status: own === 'healthy' ? 'running' : own, uptime: deps.uptimeMs(), version: deps.version },
      agents: briefly(agents),
      health: { overall: overall(own, Object.values(platforms)), platforms },
      full: agents,
    };
  }

  async function of(platform: string, projects: readonly FedProject[]): Promise<readonly Newest[]> {
    const own = projects.filter((project) => isCalled(project, platform)).map(({ slug }) => slug);
    const [newest, tagged] = await Promise.all([
      own.length > 0 ? deps.newest(own) : [],
      deps.tagged(platform.toLowerCase()),
    ]);
    if (own.length === 0 && tagged.length === 0 && !deps.tiers().includes(platform.toLowerCase()))
      throw new HubError('not_found', `No platform "${platform}".`);
    return [...newest, ...tagged.filter(({ project }) => !own.includes(project))];
  }

  return {
    async health(caller: Caller): Promise<SystemHealth> {
      const { full: _, ...told } = await health(caller);
      return told;
    },

    async detailed(caller: Caller): Promise<SystemHealthDetailed> {
      const [{ full, ...told }, services, hub] = await Promise.all([
        health(caller),
        deps.services(caller),
        deps.inside(),
      ]);
      const jobs: Job[] = AgentName.options.flatMap((name) => full[name].jobs);
      return { ...told, hub, services, jobs };
    },

    async dashboard(caller: Caller): Promise<SystemDashboard> {
      const [{ full: _, ...told }, counts, newest, repairs, patterns, predictions, security] = await Promise.all([
        health(caller),
        deps.countAlerts(),
        deps.alerts(caller, NEWEST),
        deps.repairs(caller, NEWEST),
        deps.patterns(caller, NEWEST),
        deps.predictions(caller, NEWEST),
        deps.security(caller, NEWEST),
      ]);
      const bySeverity: Record<string, number> = {};
      for (const { severity, count } of counts) bySeverity[severity] = (bySeverity[severity] ?? 0) + count;
      const open = Object.values(bySeverity).reduce((sum, count) => sum + count, 0);
      return {
        ...told,
        alerts: { open, bySeverity, newest },
        repairs: { newest: repairs },
        patterns: [...patterns],
        predictions: [...predictions],
        security: [...security],
      };
    },

    /** The newest values: headlines of every platform, or all of one, by its slug, name or host, or by the tag that samples carry. Throws `not_found`. */
    async metrics(caller: Caller, platform?: string): Promise<SystemMetrics> {
      const projects = await deps.projects(caller);
      const newest =
        platform === undefined
          ? await deps.newest(
              projects.map(({ slug }) => slug),
              HEADLINES,
            )
          : await of(platform, projects);
      return {
        metrics: newest.slice(0, MOST).map(({ project, key, service, tags, unit, value, at }) => ({
          platform: tags?.platform ?? project,
          project,
          metric: key,
          ...(service === undefined ? {} : { service }),
          ...(tags === undefined ? {} : { tags }),
          ...(unit === undefined ? {} : { unit }),
          value,
          at: iso(at),
        })),
        truncated: newest.length > MOST,
      };
    },
  };
}

function briefly(agents: Agents): SystemHealth['agents'] {
  const brief = AgentName.options.map((name): [string, Omit<Agent, 'jobs'>] => {
    const { jobs: _, ...rest } = agents[name];
    return [name, rest];
  });
  return Object.fromEntries(brief) as SystemHealth['agents'];
}

/** A platform that was never heard of, and that nothing checks, is unknown: nothing says that it is ill. */
export function healthOf(
  { status, lastSeenAt }: Pick<FedProject, 'status' | 'lastSeenAt'>,
  checked: boolean,
): PlatformHealth {
  if (status === 'online') return 'healthy';
  if (status === 'degraded') return 'degraded';
  return lastSeenAt === null && !checked ? 'unknown' : 'unhealthy';
}

/** As bad as the worst of what is known; `unknown` when nothing is. */
export function overall(own: PublicHealth['status'], platforms: readonly PlatformHealth[]): PlatformHealth {
  const known = platforms.filter((one) => one !== 'unknown');
  const all = [own, ...known];
  if (all.includes('unhealthy')) return 'unhealthy';
  if (all.includes('degraded')) return 'degraded';
  return known.length === 0 && platforms.length > 0 ? 'unknown' : 'healthy';
}

const isCalled = ({ slug, name, hubUrl }: FedProject, platform: string): boolean => {
  const asked = platform.toLowerCase();
  return slug === asked || name.toLowerCase() === asked || URL.parse(hubUrl)?.hostname === asked;
};
