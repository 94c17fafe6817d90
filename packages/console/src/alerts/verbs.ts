import type { Alert } from '@orrery/protocol';

export type Verb = 'acknowledge' | 'resolve' | 'ignore';

/** What may still be done with an alert; the hub has the last word. */
export function verbsFor(status: Alert['status']): readonly Verb[] {
  if (status === 'open') return ['acknowledge', 'resolve', 'ignore'];
  if (status === 'acknowledged') return ['resolve', 'ignore'];
  return status === 'ignored' ? ['resolve'] : [];
}
