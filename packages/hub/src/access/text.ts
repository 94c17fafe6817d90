import { HubError } from '../platform/errors.ts';

/** A name that people read: trimmed, without control characters (PostgreSQL refuses NUL, terminals obey the others). */
export function plainText(text: string, field: string): string {
  const trimmed = text.trim();
  const reason =
    trimmed === '' ? 'must not be empty' : /\p{Cc}/u.test(trimmed) ? 'must hold no control characters' : '';
  if (reason) throw new HubError('invalid', `${field}: ${reason}`, { fields: [{ field, reason }] });
  return trimmed;
}
