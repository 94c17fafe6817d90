import type { CheckContext, Figure } from './probe.ts';

type Counters = NonNullable<CheckContext['memory']['counters']>;

/** Pure: what the text of INFO says. The hit rate is that since the last check, of a first check that since the server's start. */
export function readInfo(
  text: string,
  before: Counters | undefined,
): { figures: Figure[]; degraded?: string; counters: Counters } {
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const number = (name: string): number | undefined => {
    const written = fields.get(name);
    return written !== undefined && /^-?\d{1,18}(\.\d+)?$/.test(written) ? Number(written) : undefined;
  };
  const figures: Figure[] = [];
  const tell = (key: string, value: number | undefined, unit: string) => {
    if (value !== undefined) figures.push({ key, value, unit });
  };
  const used = number('used_memory');
  const limit = number('maxmemory') ?? 0;
  tell('redis.used_memory_bytes', used, 'bytes');
  if (used !== undefined && limit > 0) tell('redis.used_memory_percent', percent(used, limit), '%');
  tell('redis.connected_clients', number('connected_clients'), 'count');
  tell('redis.evicted_keys', number('evicted_keys'), 'count');
  const hits = number('keyspace_hits') ?? 0;
  const misses = number('keyspace_misses') ?? 0;
  // Counters that went back began anew with the server.
  const since = before && before.hits <= hits && before.misses <= misses ? before : { hits: 0, misses: 0 };
  const asked = hits - since.hits + misses - since.misses;
  if (asked > 0) tell('redis.hit_rate_percent', percent(hits - since.hits, asked), '%');
  const role = fields.get('role');
  if (role === 'master' || role === 'slave')
    figures.push({ key: 'redis.role', value: role === 'master' ? 'primary' : 'replica' });
  const link = role === 'slave' ? fields.get('master_link_status') : undefined;
  if (link !== undefined) figures.push({ key: 'redis.replication_link_up', value: link === 'up' ? 1 : 0 });
  const degraded = troubleOf(fields.get('loading') === '1', link, number('master_link_down_since_seconds'));
  return { figures, ...(degraded === undefined ? {} : { degraded }), counters: { hits, misses } };
}

const percent = (part: number, whole: number): number => Math.round((part / whole) * 10_000) / 100;

function troubleOf(loading: boolean, link: string | undefined, downFor: number | undefined): string | undefined {
  if (loading) return 'it is loading its data';
  if (link === undefined || link === 'up') return undefined;
  const span = downFor !== undefined && downFor >= 0 ? ` for ${downFor} s` : '';
  return `it is a replica, and the link to its primary is down${span}`;
}
