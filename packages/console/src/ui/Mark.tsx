import type { ReactNode } from 'react';
import classes from './Mark.module.css';
import type { Tone } from './state.ts';

/** The shape of a state: circle = well, triangle = watch it, square = broken, diamond = not known. */
export function Mark({ tone, size = 9 }: { tone: Tone; size?: number }) {
  return (
    <svg className={classes.mark} data-tone={tone} width={size} height={size} viewBox="0 0 10 10" aria-hidden="true">
      {tone === 'ok' && <circle cx="5" cy="5" r="4.2" />}
      {tone === 'warn' && <path d="M5 0.6 9.8 9.4H0.2Z" />}
      {tone === 'bad' && <rect x="0.8" y="0.8" width="8.4" height="8.4" rx="1" />}
      {tone === 'none' && <path className={classes.hollow} d="M5 1 9 5 5 9 1 5Z" />}
      {tone === 'quiet' && <circle className={classes.hollow} cx="5" cy="5" r="3.6" />}
    </svg>
  );
}

/** Shape and word together. */
export function State({ tone, children, soft = false }: { tone: Tone; children: ReactNode; soft?: boolean }) {
  return (
    <span className={soft ? classes.pill : classes.state} data-tone={tone}>
      <Mark tone={tone} />
      <span>{children}</span>
    </span>
  );
}
