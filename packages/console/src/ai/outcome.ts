import type { Tone } from '../ui/state.ts';

export const OUTCOMES = ['ok', 'failed', 'refused', 'cancelled', 'cut'] as const;
export const OUTCOME_TONE: Record<string, Tone> = {
  ok: 'ok',
  failed: 'bad',
  refused: 'warn',
  cancelled: 'quiet',
  cut: 'bad',
};
export const OUTCOME_WORD: Record<string, string> = {
  ok: 'Served',
  failed: 'Failed',
  refused: 'Refused',
  cancelled: 'Cancelled',
  cut: 'Cut',
};
