import type { ReactNode } from 'react';
import classes from '../overview/KeyNumbers.module.css';
import { NONE } from '../ui/format.ts';

/** Figures side by side, as on the overview. */
export const Strip = ({ label, children }: { label: string; children: ReactNode }) => (
  <section className={classes.strip} aria-label={label}>
    {children}
  </section>
);

type Props = { name: string; value: string | undefined; note?: string | undefined; tone?: 'bad' | 'warn' | undefined };

export function Figure({ name, value, note, tone }: Props) {
  return (
    <div className={classes.figure}>
      <h2 className={classes.name}>{name}</h2>
      <p className={classes.line}>
        <span className={classes.value} data-tone={tone}>
          {value ?? NONE}
        </span>{' '}
        {note && (
          <span className={classes.note} title={note}>
            {note}
          </span>
        )}
      </p>
    </div>
  );
}
