import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { Logo } from '../ui/Logo.tsx';
import classes from './Door.module.css';

/** The page before the desk: one card, one thing to do. */
export function Door({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Orrery`;
  }, [title]);
  return (
    <main className={classes.door} id="main">
      <div className={classes.brand}>
        <Logo size={30} />
        <span>Orrery</span>
      </div>
      <section className={classes.card} aria-labelledby="door-title">
        <h1 id="door-title" className={classes.title}>
          {title}
        </h1>
        {children}
      </section>
    </main>
  );
}
