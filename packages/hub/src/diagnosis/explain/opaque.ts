import { STATES } from './vocabulary.ts';

const MOST_WORDS = 40;

export type Opaque = (text: string) => string;

/**
 * A writer of opaque texts. What came from outside (log templates, titles, names, what products say of themselves) reaches a model with every
 * word as an opaque token that is no state of a machine: no order, no number, no name, no address, no secret. The same hidden word gets the
 * same token throughout one question.
 */
export function createOpaque(): Opaque {
  const tokens = new Map<string, string>();
  return (text) =>
    (text.slice(0, 4000).match(/[\p{L}\p{N}_]+/gu) ?? [])
      .slice(0, MOST_WORDS)
      .map((word) => {
        const known = word.toLowerCase();
        if (STATES.has(known)) return known;
        const token = tokens.get(known) ?? `t${tokens.size + 1}`;
        tokens.set(known, token);
        return token;
      })
      .join(' ');
}
