import type { Alert } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import type { AlertContext } from './context.ts';
import { type Transition, transition } from './transition.ts';

export const ACKNOWLEDGE: Transition = {
  verb: 'acknowledge',
  from: ['open'],
  change: (by, at) => ({ status: 'acknowledged', acknowledged_by: by, acknowledged_at: at }),
  event: 'alert.acknowledged',
};

/** Says that someone is on it: only an open alert can be acknowledged; it stays so until it is resolved. */
export const acknowledge = (context: AlertContext, caller: Caller, id: string): Promise<Alert> =>
  transition(context, caller, id, ACKNOWLEDGE);
