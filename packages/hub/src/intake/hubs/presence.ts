import type { Line } from '../../platform/line.ts';

/** A hub on the database; times are epoch ms of the database's clock. */
export type Member = {
  id: string;
  fence: number;
  name: string;
  version: string;
  since: number;
  seenAt: number;
  /** Whom it reckons with. */
  view: string | null;
  probes: number;
  isolation?: { since: number; reason: string } | undefined;
};
export type Presence = Omit<Member, 'since' | 'seenAt'>;

const NOW = `floor(extract(epoch from clock_timestamp()) * 1000)::bigint`;

const valuesOf = ({ id, fence, view, probes, isolation }: Presence, leaseMs: number) => [
  id,
  fence,
  view,
  probes,
  isolation?.since ?? null,
  isolation?.reason ?? null,
  leaseMs,
];

/** Stays among the living for `leaseMs` more; false when it has been deleted. */
export async function renew(line: Line, presence: Presence, leaseMs: number): Promise<boolean> {
  const rows = await line.query(
    `UPDATE hubs SET view = $3, probes = $4, isolated_since = $5, isolated_reason = $6, seen_at = ${NOW}, expires_at = ${NOW} + $7
     WHERE id = $1 AND fence = $2 RETURNING id`,
    valuesOf(presence, leaseMs),
  );
  return rows.length === 1;
}

/** Takes a place among the living for `leaseMs`; one of this hub's own that it has not heard of (its answer was lost) is taken anew. */
export async function join(line: Line, presence: Presence, leaseMs: number): Promise<void> {
  await line.query(
    `INSERT INTO hubs (id, fence, view, probes, isolated_since, isolated_reason, since, seen_at, expires_at, name, version)
     VALUES ($1, $2, $3, $4, $5, $6, ${NOW}, ${NOW}, ${NOW} + $7, $8, $9)
     ON CONFLICT (id) DO UPDATE SET fence = excluded.fence, view = excluded.view, probes = excluded.probes,
       isolated_since = excluded.isolated_since, isolated_reason = excluded.isolated_reason, since = excluded.since,
       seen_at = excluded.seen_at, expires_at = excluded.expires_at
     WHERE hubs.fence <= excluded.fence`,
    [...valuesOf(presence, leaseMs), presence.name, presence.version],
  );
}

type Row = {
  id: string;
  fence: number;
  name: string;
  version: string;
  since: number;
  seen_at: number;
  remaining: number;
  view: string | null;
  probes: number;
  isolated_since: number | null;
  isolated_reason: string | null;
  now: number;
};

/** All hubs, with how long each has left (ms, not above 0 for one that is gone), and the time. */
export async function readHubs(line: Line): Promise<{ hubs: (Member & { left: number })[]; now: number }> {
  const rows = await line.query<Row>(
    `SELECT id, fence::float8 AS fence, name, version, since::float8 AS since, seen_at::float8 AS seen_at, view, probes,
       isolated_since::float8 AS isolated_since, isolated_reason, (expires_at - ${NOW})::float8 AS remaining, ${NOW}::float8 AS now
     FROM hubs ORDER BY id`,
  );
  const hubs = rows.map((row) => ({
    id: row.id,
    fence: row.fence,
    name: row.name,
    version: row.version,
    since: row.since,
    seenAt: row.seen_at,
    view: row.view,
    probes: row.probes,
    left: row.remaining,
    ...(row.isolated_since === null
      ? {}
      : { isolation: { since: row.isolated_since, reason: row.isolated_reason ?? '' } }),
  }));
  return { hubs, now: rows[0]?.now ?? Number.NaN };
}

const LOCK_NOT_AVAILABLE = '55P03';

/** Deletes a hub whose time ran out; false when it has come back, or is in the middle of a transaction. */
export async function evict(line: Line, { id, fence }: Pick<Member, 'id' | 'fence'>): Promise<boolean> {
  try {
    await line.query(`DELETE FROM hubs WHERE id = $1 AND fence = $2 AND expires_at <= ${NOW}`, [id, fence]);
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
  const rows = await line.query('SELECT 1 FROM hubs WHERE id = $1', [id]);
  return rows.length === 0;
}

export async function leave(line: Line, { id, fence }: Pick<Member, 'id' | 'fence'>): Promise<void> {
  await line.query('DELETE FROM hubs WHERE id = $1 AND fence = $2', [id, fence]);
}
