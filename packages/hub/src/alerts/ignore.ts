import type { Alert } from '@orrery/protocol';
import type { Caller } from '../access/index.ts';
import type { AlertContext } from './context.ts';
import { transition } from './transition.ts';

/** Puts an alert aside for as long as its finding fires; it resolves by itself when the finding goes. */
export const ignore = (context: AlertContext, caller: Caller, id: string): Promise<Alert> =>
  transition(context, caller, id, {
    verb: 'ignore',
    from: ['open', 'acknowledged'],
    change: () => ({ status: 'ignored' }),
    event: 'alert.ignored',
  });
