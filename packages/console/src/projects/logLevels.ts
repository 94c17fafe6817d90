import type { LogLevel } from '@orrery/protocol';
import type { Tone } from '../ui/state.ts';

export const LEVEL_TONE: Record<LogLevel, Tone> = {
  debug: 'quiet',
  info: 'quiet',
  warn: 'warn',
  error: 'bad',
  fatal: 'bad',
};
