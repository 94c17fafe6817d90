import { type ReactNode, useId } from 'react';
import classes from './Panel.module.css';

type Props = {
  title: string;
  /** Its name for listeners, where several panels have the same title. */
  label?: string;
  /** A short fact beside the title. */
  note?: ReactNode;
  tools?: ReactNode;
  children: ReactNode;
  /** No inner spacing: the content draws its own lines to the edge. */
  flush?: boolean;
  className?: string | undefined;
};

export function Panel({ title, label, note, tools, children, flush = false, className = '' }: Props) {
  const id = useId();
  return (
    <section
      className={`${classes.panel} ${className}`}
      {...(label ? { 'aria-label': label } : { 'aria-labelledby': id })}
    >
      <div className={classes.head}>
        <h2 id={id} className={classes.title}>
          {title}
        </h2>
        {note !== undefined && <span className={classes.note}>{note}</span>}
        {tools !== undefined && <div className={classes.tools}>{tools}</div>}
      </div>
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}
