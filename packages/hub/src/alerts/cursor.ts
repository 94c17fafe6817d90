import { HubError } from '../platform/errors.ts';

/** A list's cursor is the id of the last item given; throws invalid for anything else. */
export function readCursor(cursor: string, prefix: 'alr' | 'dlv' | 'inc'): string {
  if (new RegExp(`^${prefix}_[0-9a-z]{20,40}$`).test(cursor)) return cursor;
  const reason = 'is not a cursor of this list';
  throw new HubError('invalid', `query.cursor: ${reason}`, { fields: [{ field: 'query.cursor', reason }] });
}
