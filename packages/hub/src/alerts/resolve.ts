import type { Alert } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import type { AlertContext } from './context.ts';
import { type Transition, transition } from './transition.ts';

export const RESOLVE: Transition = {
  verb: 'resolve',
  from: ['open', 'acknowledged', 'ignored'],
  change: (by, at) => ({ status: 'resolved', resolved_by: by, resolved_at: at, suppressed: 1, inhibited_by: null }),
  event: 'alert.resolved',
};

/** Ends an alert by hand. While its finding goes on firing it stays ended: only after the finding was gone once is a new firing a new alert. */
export const resolve = (context: AlertContext, caller: Caller, id: string): Promise<Alert> =>
  transition(context, caller, id, RESOLVE);
