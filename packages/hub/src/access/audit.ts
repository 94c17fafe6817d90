import { createHash } from 'node:crypto';
import type { AuditVerdict } from '@orrery/protocol';
import { type Db, inTransaction } from '../platform/db.ts';
import type { Caller } from './caller.ts';
import { sawEntry } from './safetyNet.ts';
import type { AccessTables, AuditRow } from './tables.ts';

export type AuditEntry = {
  caller: Caller;
  /** What was done: `alerts.acknowledge`, `keys.create`. */
  verb: string;
  /** What it was done to: an id. */
  target: string;
  project?: string;
  /** State that matters, without secrets. */
  before?: unknown;
  after?: unknown;
  /** Epoch milliseconds. */
  at: number;
};

/** The hash before the first entry. */
export const GENESIS = '0'.repeat(64);

const FIELDS = [
  'seq', 'at', 'actor_kind', 'actor_id', 'actor_name', 'tenant', 'ip', 'verb', 'target', 'project', 'before_state', 'after_state',
] as const satisfies readonly (keyof AuditRow)[]; // biome-ignore format: one line reads as the tuple it is

/** sha256 over the previous hash and the entry's fields in a fixed order. */
export function auditHash(previous: string, row: Omit<AuditRow, 'hash' | 'prev_hash'>): string {
  return createHash('sha256')
    .update(previous)
    .update(JSON.stringify(FIELDS.map((field) => row[field])))
    .digest('hex');
}

/**
 * Appends one entry to the audit trail, inside the transaction of the change it tells of. The single head row is locked until
 * that transaction ends, so that entries of many hubs form one chain without gaps: call it last.
 */
export async function audit(db: Db, entry: AuditEntry): Promise<void> {
  await inTransaction(db, async (trx) => {
    const q = trx.withTables<AccessTables>();
    const head = await q
      .updateTable('audit_head')
      .set((eb) => ({ seq: eb('seq', '+', 1) }))
      .where('id', '=', 1)
      .returning(['seq', 'hash'])
      .executeTakeFirstOrThrow();
    const { caller } = entry;
    const row = {
      seq: head.seq,
      at: entry.at,
      actor_kind: caller.kind,
      actor_id: caller.id,
      actor_name: caller.name,
      tenant: caller.tenant,
      ip: caller.ip ?? null,
      verb: entry.verb,
      target: entry.target,
      project: entry.project ?? null,
      before_state: entry.before === undefined ? null : JSON.stringify(entry.before),
      after_state: entry.after === undefined ? null : JSON.stringify(entry.after),
    };
    const hash = auditHash(head.hash, row);
    await q
      .insertInto('audit')
      .values({ ...row, prev_hash: head.hash, hash })
      .execute();
    await q.updateTable('audit_head').set({ hash }).where('id', '=', 1).execute();
  });
  sawEntry();
}

/** An entry as somebody kept it elsewhere: `verifyAudit` says whether it is still the one of that number. */
export type Anchor = { seq: number; hash: string };

/**
 * Walks the whole chain and says where it first breaks. Who may write the database could write a whole new chain: an anchor that was
 * kept outside finds that too.
 */
export async function verifyAudit(db: Db, anchor?: Anchor): Promise<AuditVerdict> {
  const q = db.withTables<AccessTables>();
  // The head is read first: entries that are appended meanwhile lie beyond it and are not judged.
  const head = await q.selectFrom('audit_head').selectAll().where('id', '=', 1).executeTakeFirstOrThrow();
  let previous = GENESIS;
  let expected = 1;
  while (expected <= head.seq) {
    const rows = await q
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>=', expected)
      .where('seq', '<=', head.seq)
      .orderBy('seq')
      .limit(1000)
      .execute();
    if (rows.length === 0) return { ok: false, seq: expected, reason: 'the entry is missing' };
    for (const row of rows) {
      if (row.seq !== expected) return { ok: false, seq: expected, reason: 'the entry is missing' };
      if (row.prev_hash !== previous)
        return { ok: false, seq: expected, reason: 'the entry does not follow the one before it' };
      if (row.hash !== auditHash(previous, row)) return { ok: false, seq: expected, reason: 'the entry was changed' };
      if (anchor?.seq === row.seq && anchor.hash !== row.hash)
        return { ok: false, seq: row.seq, reason: 'the entry is not the one that was kept elsewhere' };
      previous = row.hash;
      expected++;
    }
  }
  if (previous !== head.hash)
    return { ok: false, seq: head.seq, reason: 'the last entry is not the one the head names' };
  if (anchor !== undefined && anchor.seq > head.seq)
    return { ok: false, seq: anchor.seq, reason: 'the entry that was kept elsewhere is missing' };
  return { ok: true, entries: head.seq, head: head.hash };
}
