import type { FedProject } from '@orrery/protocol';
import { isoOrNull } from '../platform/clock.ts';
import type { Secrets } from '../platform/secrets.ts';
import { openApiKey, toStored } from './store.ts';
import type { ProjectRow } from './tables.ts';

const MOST_KNOWN = 5000;
const judged = new WeakMap<Secrets, Map<string, string | undefined>>();

/** Why what is stored of a project cannot be read, and what to do about it; undefined when it can. */
export function troubleOf(row: ProjectRow, secrets: Secrets): string | undefined {
  const known = judged.get(secrets) ?? new Map<string, string | undefined>();
  judged.set(secrets, known);
  const key = `${row.slug} ${row.declaration} ${row.api_key_sealed ?? ''}`;
  if (known.has(key)) return known.get(key);
  if (known.size >= MOST_KNOWN) known.clear();
  const trouble = look(row, secrets);
  known.set(key, trouble);
  return trouble;
}

function look(row: ProjectRow, secrets: Secrets): string | undefined {
  try {
    toStored(row, secrets);
    openApiKey(row, secrets);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `${why} Else remove it and add it again: what was measured of it stays.`;
  }
}

/** A project of which nothing can be read but its name: it is not watched, and says why. */
export const brokenProject = (row: ProjectRow, broken: string): FedProject => ({
  slug: row.slug,
  name: row.name,
  status: 'offline',
  lastSeenAt: isoOrNull(row.last_seen_at),
  hubUrl: '',
  tags: [],
  teams: [],
  kpis: { auditsOk: null, auditsWarn: null, auditsFail: null, deployFreshnessDays: null, healthLatencyMs: null },
  declaredIn: { source: row.declared_source, ...(row.declared_ref === null ? {} : { ref: row.declared_ref }) },
  allowFanout: [],
  dependsOn: [],
  hasApiKey: row.api_key_sealed !== null,
  broken,
});
