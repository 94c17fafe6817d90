import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { alertsQuery, OPEN } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { Mark } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { ALERT_WORD, SEVERITY_RANK, SEVERITY_TONE, SEVERITY_WORD } from '../ui/state.ts';
import classes from './Lists.module.css';

const SHOWN = 8;

/** What is open now, worst and newest first. */
export function OpenAlerts() {
  const query = useInfiniteQuery(alertsQuery(OPEN));
  const alerts = [...(query.data?.pages.flatMap((page) => page.items) ?? [])].sort(
    (a, b) =>
      Number(a.status !== 'open') - Number(b.status !== 'open') ||
      SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity] ||
      b.createdAt.localeCompare(a.createdAt),
  );
  return (
    <Panel
      title="Open alerts"
      note={query.data && `${alerts.length}${query.hasNextPage ? '+' : ''}`}
      tools={
        <Link to="/alerts" className={classes.all}>
          All alerts
        </Link>
      }
      flush
    >
      <QueryNote query={query} what="the alerts" />
      {query.isPending && <Waiting rows={3} what="the alerts" />}
      {query.data && alerts.length === 0 && (
        <p className={classes.quiet}>Nothing is open. An alert appears here the moment a check or threshold fails.</p>
      )}
      <ul aria-label="Open alerts">
        {alerts.slice(0, SHOWN).map((alert) => (
          <li key={alert.id} className={classes.item}>
            <Mark tone={SEVERITY_TONE[alert.severity]} />
            <div className={classes.what}>
              <Link to="/alerts" search={{ alert: alert.id }} className={classes.title}>
                {alert.title}
              </Link>
              <p className={classes.sub}>
                {SEVERITY_WORD[alert.severity]} · {alert.project}
                {alert.service ? ` ${alert.service}` : ''}
                {alert.status === 'open' ? '' : ` · ${ALERT_WORD[alert.status].toLowerCase()}`}
              </p>
            </div>
            <span className={classes.age}>
              <Age at={alert.createdAt} bare />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
