import { type ReactNode, useEffect } from 'react';
import { Banners } from './Banners.tsx';
import classes from './Page.module.css';
import { TopTools } from './TopTools.tsx';

type Props = {
  title: string;
  /** A fact or two beside the heading. */
  note?: ReactNode;
  /** Where the heading stands under another page. */
  crumb?: ReactNode;
  /** Controls that belong to the whole page, as the range switch. */
  tools?: ReactNode;
  children: ReactNode;
};

/** One page of the desk: the bar on top with its heading, then the content. */
export function Page({ title, note, crumb, tools, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Orrery`;
  }, [title]);
  return (
    <>
      <header className={classes.top}>
        {crumb}
        <h1 className={classes.title}>{title}</h1>
        {note !== undefined && <div className={classes.note}>{note}</div>}
        <TopTools>{tools}</TopTools>
      </header>
      <main id="main" className={classes.main} tabIndex={-1}>
        <Banners />
        {children}
      </main>
    </>
  );
}
