import type { Alert } from '@orrery/protocol';
import { authorize, type Caller } from '../access/index.ts';
import type { AlertContext } from './context.ts';
import { show } from './show.ts';
import { toAlert } from './tables.ts';
import { findAlert } from './transition.ts';

/** One alert; not_found also for one of a project that the caller may not see. */
export async function get(context: AlertContext, caller: Caller, id: string): Promise<Alert> {
  authorize(caller, 'ops:view');
  const row = await findAlert(context.db, caller, id);
  const [alert = toAlert(row)] = await show(context, [row]);
  return alert;
}
