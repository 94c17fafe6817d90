import type { AttackFamily, SecurityPosture } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import type { Db } from '../../platform/db.ts';
import type { Samples } from '../../samples/index.ts';
import { bucketOf } from '../templates/counts.ts';
import { ACTIVE_MS } from './judge.ts';
import type { SecurityTables } from './tables.ts';

const KEYS = [
  'security.vulns_critical',
  'security.vulns_high',
  'security.last_scan_at',
  'audit.ok',
  'audit.warn',
  'audit.fail',
  'audit.last_run_at',
  'security.attacks_total',
] as const;
const DAY_MS = 86_400_000;

type Deps = { db: Db; now: () => number; samples: Pick<Samples, 'latest'>; slugs: () => readonly string[] };

/** How every project that the caller may see stands: its scans, its audits, and the attacks of the last day. */
export async function securityPosture(deps: Deps, caller: Caller): Promise<{ items: SecurityPosture[] }> {
  authorize(caller, 'ops:view');
  const slugs = deps.slugs().filter((slug) => sees(caller, slug));
  if (slugs.length === 0) return { items: [] };
  const now = deps.now();
  const [latest, attacks] = await Promise.all([deps.samples.latest(slugs, KEYS), attacksOf(deps.db, now)]);
  const values = new Map<string, number>();
  for (const { project, key, value, service, tags } of latest)
    if (service === undefined && tags === undefined) values.set(`${project} ${key}`, value);
  return {
    items: slugs.toSorted().map((project): SecurityPosture => {
      const number = (key: (typeof KEYS)[number]) => values.get(`${project} ${key}`) ?? null;
      const time = (key: (typeof KEYS)[number]) => {
        const at = number(key);
        return at === null || !(Math.abs(at) < 8.64e15) ? null : iso(at);
      };
      const own = attacks.get(project);
      return {
        project,
        vulnsCritical: number('security.vulns_critical'),
        vulnsHigh: number('security.vulns_high'),
        lastScanAt: time('security.last_scan_at'),
        auditsOk: number('audit.ok'),
        auditsWarn: number('audit.warn'),
        auditsFail: number('audit.fail'),
        lastAuditAt: time('audit.last_run_at'),
        inspected: number('security.attacks_total') !== null || own !== undefined,
        attacks: own?.families ?? {},
        activeIncidents: own?.active ?? 0,
        lastAttackAt: own ? iso(own.lastAt) : null,
      };
    }),
  };
}

export type AttackSums = { families: Partial<Record<AttackFamily, number>>; active: number; lastAt: number };

/** Attacks of the last 24 hours by project and family. */
export async function attacksOf(db: Db, now: number): Promise<Map<string, AttackSums>> {
  const tables = db.withTables<SecurityTables>();
  const [sums, incidents] = await Promise.all([
    tables
      .selectFrom('security_counts')
      .innerJoin('security_incidents', 'security_incidents.id', 'security_counts.incident')
      .select(['project', 'family', ({ fn }) => fn.sum<number>('attacks').as('attacks')])
      .where('bucket', '>', bucketOf(now - DAY_MS))
      .groupBy(['project', 'family'])
      .execute(),
    tables
      .selectFrom('security_incidents')
      .select(['project', ({ fn }) => fn.max('last_at').as('lastAt')])
      .select(({ fn, eb }) =>
        fn
          .sum<number>(
            eb
              .case()
              .when('last_at', '>', now - ACTIVE_MS)
              .then(1)
              .else(0)
              .end(),
          )
          .as('active'),
      )
      .groupBy('project')
      .execute(),
  ]);
  const found = new Map<string, AttackSums>(
    incidents.map(({ project, lastAt, active }) => [
      project,
      { families: {}, active: Number(active), lastAt: Number(lastAt) },
    ]),
  );
  for (const { project, family, attacks } of sums) {
    const own = found.get(project);
    if (own) own.families[family as AttackFamily] = Number(attacks);
  }
  return found;
}
