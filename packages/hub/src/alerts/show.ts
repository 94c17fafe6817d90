import type { Alert } from '@orrery/protocol';
import type { AlertContext } from './context.ts';
import { loadHolds } from './routing/holds.ts';
import { type AlertRow, toAlert } from './tables.ts';

/** Alerts as the API shows them: those that live say which silence or maintenance keeps them back now. */
export async function show(context: AlertContext, rows: readonly AlertRow[]): Promise<Alert[]> {
  if (rows.every(({ status }) => status === 'resolved')) return rows.map(toAlert);
  const holdOf = await loadHolds(context, context.db, context.clock.now());
  return rows.map((row) => {
    const hold = row.status === 'resolved' ? undefined : holdOf(row);
    return { ...toAlert(row), ...(hold === undefined ? {} : { silencedBy: hold.by }) };
  });
}
