import type { EcosystemGraph, FedProject, GraphEdge, GraphNode, ProjectStatus } from '@orrery/protocol';
import { isoOrNull } from '../platform/clock.ts';
import { maskUrl } from '../platform/urls.ts';
import { insightsOf } from './edges/shape.ts';
import { factorsOf, riskOf } from './risk.ts';
import type { StoredProject } from './store.ts';
import type { ProjectRow } from './tables.ts';

/** What the rooms downstream know of a project; handed in, so that the catalog need not know them. */
export type ProjectFacts = {
  /** States of its probes. */
  probes: readonly { status: 'up' | 'degraded' | 'down' | 'unknown'; latencyMs: number | null }[];
  /** Newest values by metric key. */
  latest: Readonly<Record<string, number>>;
  /** When the project last announced itself, and how often it does; of those whose probes all fail. */
  beat?: { at: number; everyMs: number };
};
export const NO_FACTS: ProjectFacts = { probes: [], latest: {} };

const DAY = 86_400_000;

const MISSED_BEATS = 3;

/**
 * Offline: never heard of, silent for too long, or everything probed is down; the last not while it announces itself, until three beats were
 * missed. Degraded: some of it is down or slow.
 */
export function statusOf(
  lastSeenAt: number | null,
  facts: ProjectFacts,
  now: number,
  offlineAfterMs: number,
): ProjectStatus {
  const known = facts.probes.filter((p) => p.status !== 'unknown');
  const beats = facts.beat !== undefined && now - facts.beat.at <= MISSED_BEATS * facts.beat.everyMs;
  if (known.length > 0 && known.every((p) => p.status === 'down') && !beats) return 'offline';
  if (lastSeenAt === null || now - lastSeenAt > offlineAfterMs) return 'offline';
  return known.some((p) => p.status !== 'up') ? 'degraded' : 'online';
}

export function toFedProject(
  stored: StoredProject,
  row: ProjectRow,
  facts: ProjectFacts,
  now: number,
  offlineAfterMs: number,
): FedProject {
  const latest = (key: string) => facts.latest[key] ?? null;
  const latencies = facts.probes.flatMap((p) => (p.latencyMs === null ? [] : [p.latencyMs]));
  const deployedAt = latest('deploy.last_deployed_at');
  const status = statusOf(row.last_seen_at, facts, now, offlineAfterMs);
  const riskFactors = factorsOf(
    {
      status,
      vulnsCritical: latest('security.vulns_critical'),
      vulnsHigh: latest('security.vulns_high'),
      auditsOk: latest('audit.ok'),
      auditsWarn: latest('audit.warn'),
      auditsFail: latest('audit.fail'),
      lastDeployedAt: deployedAt,
      lastAuditAt: latest('audit.last_run_at'),
      lastScanAt: latest('security.last_scan_at'),
    },
    now,
  );
  return {
    slug: stored.slug,
    name: stored.name,
    status,
    lastSeenAt: isoOrNull(row.last_seen_at),
    hubUrl: maskUrl(stored.hubUrl),
    tags: stored.tags,
    teams: stored.teams,
    ...(stored.domain === undefined ? {} : { domain: stored.domain }),
    kpis: {
      auditsOk: latest('audit.ok'),
      auditsWarn: latest('audit.warn'),
      auditsFail: latest('audit.fail'),
      deployFreshnessDays: deployedAt === null ? null : Math.max(0, Math.round(((now - deployedAt) / DAY) * 10) / 10),
      healthLatencyMs: latest('health.latency_ms') ?? (latencies.length > 0 ? Math.max(...latencies) : null),
    },
    ...(stored.meshNs === undefined ? {} : { meshNs: stored.meshNs }),
    ...(row.version === null ? {} : { version: row.version }),
    declaredIn: stored.declaredIn,
    ...(stored.tenant === undefined ? {} : { tenant: stored.tenant }),
    allowFanout: stored.allowFanout,
    dependsOn: stored.dependsOn,
    ...(stored.edges.length > 0 ? { edges: stored.edges } : {}),
    hasApiKey: row.api_key_sealed !== null,
    risk: riskOf(riskFactors),
    riskFactors,
  };
}

const ILLNESS: Record<ProjectStatus, number> = { online: 0, degraded: 0.5, offline: 1 };

/** One project as a node. Compliance is audits ok ÷ all audits; health is 1 online, ½ degraded, 0 offline. */
export function toNode(project: FedProject): GraphNode {
  const { slug, name, tags, teams, domain, status, hubUrl, lastSeenAt, kpis, allowFanout } = project;
  const { auditsOk, auditsWarn, auditsFail, deployFreshnessDays } = kpis;
  const audits = (auditsOk ?? 0) + (auditsWarn ?? 0) + (auditsFail ?? 0);
  return {
    id: slug,
    label: name,
    tags,
    risk: project.risk ?? ILLNESS[status],
    ...(project.riskFactors ? { riskFactors: project.riskFactors } : {}),
    status,
    compliance: audits > 0 ? (auditsOk ?? 0) / audits : null,
    freshnessDays: deployFreshnessDays,
    name,
    ...(domain === undefined ? {} : { domain }),
    teams,
    hubUrl,
    lastSeenAt,
    kpis,
    health: lastSeenAt === null ? null : 1 - ILLNESS[status],
    cost: null,
    allowFanout,
  };
}

/** The ecosystem: projects as nodes, integrations as edges, and what the shape of both says. */
export function toGraph(projects: readonly FedProject[], edges: readonly GraphEdge[]): EcosystemGraph {
  return {
    nodes: projects.map(toNode),
    edges: [...edges],
    insights: insightsOf(
      projects.map(({ slug }) => slug),
      edges,
    ),
  };
}
