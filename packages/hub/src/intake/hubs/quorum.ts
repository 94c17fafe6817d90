import type { ServiceStatus } from '@orrery/protocol';

/** What one hub saw of a probe. */
export type Vote = { hub: string; status: ServiceStatus; reason: string | null };

type Seen = { status: ServiceStatus; reason?: string };

/**
 * Pure: what several hubs saw together. Bad news counts when `quorum` of them say so, or most of the `living` where those are fewer; good
 * news when as many say that, or when nobody who could look says otherwise. What neither side has enough voices for leaves the standing.
 * `own` is among the voices, `votes` are the fresh ones of other hubs; a hub that could not look has no voice.
 */
export function decide(
  own: Seen,
  votes: readonly Vote[],
  { quorum, living, standing }: { quorum: number; living: number; standing: ServiceStatus },
): Seen {
  if (quorum <= 1 || living <= 1) return own;
  const all = [{ status: own.status, reason: own.reason ?? null }, ...votes].filter(
    ({ status }) => status !== 'unknown',
  );
  if (all.length === 0) return own;
  const needed = Math.min(quorum, Math.floor(living / 2) + 1);
  const saying = (...statuses: ServiceStatus[]) => all.filter(({ status }) => statuses.includes(status));
  const [down, bad, up] = [saying('down'), saying('down', 'degraded'), saying('up')];
  const words = (bads: readonly { reason: string | null }[], status: string) => {
    const why = own.status === status ? own.reason : (bads[0]?.reason ?? undefined);
    return `${bads.length} of ${all.length} hubs ${bads.length === 1 ? 'sees' : 'see'} it ${status}${why ? `: ${why}` : ''}`;
  };
  if (down.length >= needed) return { status: 'down', reason: words(down, 'down') };
  if (bad.length >= needed) return { status: 'degraded', reason: words(bad, 'degraded') };
  if (bad.length === 0) return own.status === 'up' ? own : { status: 'up' };
  const reason = words(bad, down.length > 0 ? 'down' : 'degraded');
  return up.length >= needed ? { status: 'up', reason } : { status: standing, reason };
}
