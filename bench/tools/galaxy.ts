import type { EcosystemGraph, GraphEdge, GraphNode } from '@orrery/protocol';

const DOMAINS = [
  'Finance',
  'Creative',
  'Infra',
  'Commerce',
  'Data',
  'Support',
  'Identity',
  'Logistics',
  'Marketing',
  'People',
];
const KINDS = ['api', 'api', 'api', 'queue', 'shared-schema', 'secret'];
const WORDS = [
  'Atlas',
  'Beacon',
  'Cobalt',
  'Delta',
  'Ember',
  'Fjord',
  'Garnet',
  'Harbor',
  'Indigo',
  'Juniper',
  'Kestrel',
  'Lantern',
  'Meridian',
  'Nimbus',
  'Onyx',
  'Prism',
  'Quarry',
  'Ridge',
  'Sable',
  'Tundra',
];

/** A graph of so many projects and edges, the same each time: most edges stay within a domain, some projects are needed by many. */
export function galaxy(projects: number, edges: number, now = Date.now()): EcosystemGraph {
  let seed = 11;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const domains = DOMAINS.slice(0, Math.max(2, Math.min(DOMAINS.length, Math.ceil(projects / 14))));
  const nodes = Array.from({ length: projects }, (_, n): GraphNode => {
    const ill = random();
    const status = ill < 0.04 ? 'offline' : ill < 0.13 ? 'degraded' : 'online';
    const [security, compliance, staleness] = [random() ** 2, random() ** 3, random() ** 2];
    const health = status === 'offline' ? 1 : status === 'degraded' ? 0.5 : 0;
    const name = `${WORDS[n % WORDS.length]}${n >= WORDS.length ? ` ${Math.floor(n / WORDS.length) + 1}` : ''}`;
    const days = Math.round(staleness * 90 * 10) / 10;
    const reported = random() > 0.06;
    return {
      id: name.toLowerCase().replace(' ', '-'),
      label: name,
      name,
      tags: [pick(['core', 'edge', 'batch']), pick(['eu', 'us', 'apac'])],
      teams: [pick(['payments', 'platform', 'growth', 'studio'])],
      domain: domains[n % domains.length] as string,
      status,
      risk: Math.round((security * 0.35 + compliance * 0.2 + staleness * 0.15 + health * 0.3) * 100) / 100,
      compliance: reported ? 1 - Math.round(compliance * 100) / 100 : null,
      freshnessDays: reported ? days : null,
      hubUrl: `https://${name.toLowerCase().replace(' ', '-')}.example.test`,
      lastSeenAt: new Date(now - random() * 60_000).toISOString(),
      kpis: {
        auditsOk: Math.round(random() * 60),
        auditsWarn: Math.round(random() * 6),
        auditsFail: Math.round(compliance * 8),
        deployFreshnessDays: days,
        healthLatencyMs: Math.round(20 + random() ** 3 * 900),
      },
      health: 1 - health,
      cost: random() > 0.3 ? Math.round(random() ** 2 * 400) : null,
      riskFactors: { security, compliance, staleness, health },
      allowFanout: ['audit.security', 'graph.refresh'],
    };
  });
  const seen = new Set<string>();
  const made: GraphEdge[] = [];
  for (let tries = 0; made.length < edges && tries < edges * 20; tries++) {
    const from = Math.floor(random() * projects);
    // Two in three stay in the domain; low numbers are what others are built on.
    const near = random() < 0.66;
    const span = Math.max(1, Math.floor((projects / domains.length) * random() * random()));
    const to = near ? (from % domains.length) + span * domains.length : Math.floor(random() ** 2 * projects * 0.6);
    const kind = pick(KINDS);
    const [a, b] = [nodes[Math.max(from, to)], nodes[Math.min(from, to)]];
    if (!a || !b || a === b || seen.has(`${a.id} ${b.id} ${kind}`)) continue;
    seen.add(`${a.id} ${b.id} ${kind}`);
    made.push({
      id: `${a.id}:${b.id}:${kind}`,
      from: a.id,
      to: b.id,
      kind,
      strength: Math.round((0.15 + random() * 0.85) * 100) / 100,
      sources: [pick(['declared', 'hint', 'learned'] as const)],
      lastProofAt: new Date(now - random() * 3_600_000).toISOString(),
      proof: { route: 'POST /v1/orders', calls: Math.round(random() * 900) },
      calls: Math.round(random() * 900),
    });
  }
  const degree = new Map<string, number>();
  for (const { to } of made) degree.set(to, (degree.get(to) ?? 0) + 1);
  const ranked = [...degree].sort((a, b) => b[1] - a[1]).map(([id]) => id);
  return { nodes, edges: made, insights: { cycles: [], hubs: ranked.slice(0, 3), singlePoints: ranked.slice(0, 2) } };
}
