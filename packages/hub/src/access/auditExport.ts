import { AuditRecord, type AuditVerdict } from '@orrery/protocol';
import { type Anchor, auditHash, GENESIS } from './audit.ts';

/**
 * Checks entries that were exported, far from the database that they come from: each hash, and that each follows the one before it.
 * An export of a part begins and breaks where the filter did, so gaps are only wrong when `whole`.
 */
export function verifyExport(
  lines: Iterable<string>,
  options: { whole: boolean; anchor?: Anchor | undefined },
): AuditVerdict {
  let last = { seq: 0, hash: GENESIS };
  let entries = 0;
  for (const line of lines) {
    if (line === '') continue;
    const record = read(line);
    const seq = record?.seq ?? last.seq + 1;
    const reason = record ? wrongWith(record, last, options) : 'the line is no entry of an audit trail';
    if (reason === 'the entry is missing') return { ok: false, seq: last.seq + 1, reason };
    if (reason || !record) return { ok: false, seq, reason: reason ?? '' };
    last = record;
    entries++;
  }
  if (options.anchor && options.anchor.seq > last.seq)
    return { ok: false, seq: options.anchor.seq, reason: 'the entry that was kept elsewhere is missing' };
  return { ok: true, entries, head: last.hash };
}

function read(line: string): AuditRecord | undefined {
  try {
    return AuditRecord.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function wrongWith(
  record: AuditRecord,
  last: { seq: number; hash: string },
  { whole, anchor }: { whole: boolean; anchor?: Anchor | undefined },
): string | undefined {
  if (record.seq <= last.seq) return 'the entries are out of order';
  const next = record.seq === last.seq + 1;
  if (whole && !next) return 'the entry is missing';
  if (next && record.prevHash !== last.hash) return 'the entry does not follow the one before it';
  if (record.hash !== auditHash(record.prevHash, rowOf(record))) return 'the entry was changed';
  if (anchor?.seq === record.seq && anchor.hash !== record.hash)
    return 'the entry is not the one that was kept elsewhere';
  return undefined;
}

const stored = (state: unknown): string | null => (state === null ? null : JSON.stringify(state));

/** The columns that the hash was made of. What JSON.stringify wrote, it writes again after a reading. */
const rowOf = (record: AuditRecord) => ({
  seq: record.seq,
  at: Date.parse(record.at),
  actor_kind: record.actor.kind,
  actor_id: record.actor.id,
  actor_name: record.actor.name,
  tenant: record.tenant,
  ip: record.ip,
  verb: record.verb,
  target: record.target,
  project: record.project,
  before_state: stored(record.before),
  after_state: stored(record.after),
});
