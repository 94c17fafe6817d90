import { Link } from '@tanstack/react-router';
import classes from './TabLinks.module.css';

type Tab<T extends string> = { value: T; label: string; count?: number | undefined };
type Props<T extends string> = { label: string; tabs: readonly Tab<T>[]; active: T };

/** Parts of a page as links: each has its address, so Back and a shared link work. */
export function TabLinks<T extends string>({ label, tabs, active }: Props<T>) {
  return (
    <nav className={classes.tabs} aria-label={label}>
      {tabs.map((tab) => (
        <Link
          key={tab.value}
          to="."
          search={((old: Record<string, unknown>) => ({ ...old, tab: tab.value })) as never}
          className={classes.tab}
          aria-current={tab.value === active ? 'page' : undefined}
          resetScroll={false}
        >
          {tab.label}
          {tab.count !== undefined && <span className={classes.count}>{tab.count}</span>}
        </Link>
      ))}
    </nav>
  );
}
