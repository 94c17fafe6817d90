import type { GraphEdge, HubHealth } from '@orrery/protocol';
import type { z } from 'zod';

/** One message as it is said, before it is told who says it. */
export type Said = { subject: string; data: unknown };

type State = {
  service: string;
  status: 'up' | 'degraded' | 'down' | 'unknown';
  latencyMs: number | null;
  reason: string | null;
};

/** Pure: the health of a project as its own hub sees it. Nothing probed, or nothing known yet, is no fault. */
export function healthOf(
  states: readonly State[],
  hubStatus: 'healthy' | 'degraded' | 'unhealthy',
  at: string,
): z.output<typeof HubHealth> {
  const known = states.filter(({ status }) => status !== 'unknown');
  const bad = known.filter(({ status }) => status !== 'up');
  const allDown = known.length > 0 && known.every(({ status }) => status === 'down');
  const reasons = bad.map(({ service, status, reason }) => `${service} is ${status}${reason ? `: ${reason}` : ''}`);
  if (hubStatus !== 'healthy') reasons.push(`the hub itself is ${hubStatus}`);
  const degraded = reasons.length > 0 ? 'degraded' : 'healthy';
  return {
    status: allDown ? 'unhealthy' : degraded,
    latencyMs: Math.max(0, ...states.map(({ latencyMs }) => latencyMs ?? 0)),
    degradedReasons: reasons.slice(0, 50).map((reason) => reason.slice(0, 300)),
    sampleAt: at,
  };
}

const SUMMARIES = {
  graph: 'graph.summary.nodes',
  audit: 'audit.summary.status',
  security: 'security.summary.status',
  deploy: 'deploy.summary.status',
} as const;
export const SUMMARY_KINDS = Object.keys(SUMMARIES);

/** Figures from which a summary is made where the product pushed none; `at` is when the newest of them was measured. */
export type Figures = Readonly<Record<string, { value: number; at: number }>>;
export const SUMMARY_FIGURES = [
  ...['files', 'symbols', 'tasks', 'audits'].map((name) => `graph.${name}`),
  ...['ok', 'warn', 'fail'].map((name) => `audit.${name}`),
  ...['security.vulns_critical', 'security.vulns_high', 'deploy.last_deployed_at'],
];

/** Pure: the summaries of a project: what its product said itself, or else what its metrics come to. What nobody knows is not said. */
export function summariesOf(
  projectSlug: string,
  said: readonly { kind: string; payload: unknown }[],
  figures: Figures,
): Said[] {
  const whole = (...keys: string[]) => (keys.every((key) => key in figures) ? keys : undefined);
  const value = (key: string) => Math.max(0, figures[key]?.value ?? 0);
  const count = (key: string) => Math.round(value(key));
  const since = (keys: readonly string[]) =>
    new Date(Math.max(...keys.map((key) => figures[key]?.at ?? 0))).toISOString();
  const made: Record<keyof typeof SUMMARIES, () => object | undefined> = {
    graph: () => {
      const keys = whole('graph.files', 'graph.symbols', 'graph.tasks', 'graph.audits');
      const [files, symbols, tasks, audits] = (keys ?? []).map(value);
      return keys && { counts: { files, symbols, tasks, audits }, ts: since(keys) };
    },
    audit: () => {
      const keys = whole('audit.ok', 'audit.warn', 'audit.fail');
      const [ok, warn, fail] = (keys ?? []).map(count);
      return keys && { ok, warn, fail, lastRun: since(keys) };
    },
    security: () => {
      const keys = whole('security.vulns_critical', 'security.vulns_high');
      const [vulnsCritical, vulnsHigh] = (keys ?? []).map(count);
      return keys && { vulnsCritical, vulnsHigh, lastScan: since(keys) };
    },
    deploy: () => {
      const at = figures['deploy.last_deployed_at']?.value;
      return at === undefined ? undefined : { envs: [], versions: [], lastDeployedAt: new Date(at).toISOString() };
    },
  };
  return (Object.keys(SUMMARIES) as (keyof typeof SUMMARIES)[]).flatMap((kind) => {
    const own = said.find((one) => one.kind === kind)?.payload;
    const data = typeof own === 'object' && own !== null ? own : made[kind]();
    return data === undefined ? [] : [{ subject: SUMMARIES[kind], data: { ...data, projectSlug } }];
  });
}

const KINDS = new Set(['api', 'queue', 'shared-schema', 'secret']);

/** Pure: the edges of a project as hints for the meta hub, each with what its own hub knows it from. */
export const edgesOf = (slug: string, edges: readonly GraphEdge[]): Said[] =>
  edges
    .filter(({ from, kind }) => from === slug && KINDS.has(kind))
    .map(({ to, kind, strength, sources, calls }) => ({
      subject: 'integration.edge',
      data: {
        fromProject: slug,
        toProject: to,
        kind,
        strength,
        proof: { sources: sources ?? ['declared'], ...(calls === undefined ? {} : { callsPerHour: calls }) },
      },
    }));
