import type { Alert } from '@orrery/protocol';
import { authorize, type Caller } from '../access/index.ts';
import type { AlertContext } from './context.ts';
import { toAlert } from './tables.ts';
import { findAlert } from './transition.ts';

/** One alert; not_found also for one of a project that the caller may not see. */
export async function get({ db }: AlertContext, caller: Caller, id: string): Promise<Alert> {
  authorize(caller, 'ops:view');
  return toAlert(await findAlert(db, caller, id));
}
