import { MARK } from '../marks.ts';
import type { Family } from './family.ts';

/** A NUL ends a string for what is written in C and not for what has checked it. Bodies may hold binary data, and are not asked. */
export const nulByte: Family = {
  needs: MARK.control,
  look: ({ text, place }) => (place !== 'body' && text.includes('\0') ? 'nul' : undefined),
};
