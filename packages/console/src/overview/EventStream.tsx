import type { OpsEvent } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { live, useLive } from '../events/index.ts';
import { eventsQuery } from '../queries.ts';
import { Clock } from '../ui/Age.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import classes from './Lists.module.css';

const WORD = {
  live: 'live',
  connecting: 'connecting…',
  idle: 'connecting…',
  retrying: 'interrupted',
  paused: 'paused',
} as const;

/** What happens, as it happens. The Live button on top stops it where it is. */
export function EventStream() {
  const { events, phase } = useLive();
  const backlog = useQuery(eventsQuery());
  useEffect(() => {
    if (backlog.data && live.get().phase !== 'paused') live.backlog(backlog.data.items);
  }, [backlog.data]);
  return (
    <Panel title="Events" note={WORD[phase]} flush>
      <QueryNote query={backlog} what="the events" />
      {backlog.isPending && events.length === 0 && <Waiting rows={5} what="the events" />}
      {backlog.data && events.length === 0 && (
        <p className={classes.quiet}>
          Nothing has happened yet. Products can push their own: <code>POST /api/fed/events</code>.
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard. */}
      <ul className={classes.stream} aria-label="Events, newest first" tabIndex={0}>
        {events.slice(0, 80).map((event) => (
          <li key={event.id} className={classes.event}>
            <span className={classes.clock}>
              <Clock at={event.at} />
            </span>
            <span className={classes.text}>
              {event.title}
              <span className={classes.type}>{underline(event)}</span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Type, place and what little data fits in one line. */
function underline(event: OpsEvent): string {
  const parts = event.type === event.title ? [] : [event.type];
  if (event.project) parts.push(event.service ? `${event.project} ${event.service}` : event.project);
  if (typeof event.data === 'object' && event.data !== null && event.type === event.title)
    for (const [key, value] of Object.entries(event.data).slice(0, 3))
      if (typeof value === 'string' || typeof value === 'number') parts.push(`${key} ${String(value).slice(0, 40)}`);
  return parts.join(' · ');
}
