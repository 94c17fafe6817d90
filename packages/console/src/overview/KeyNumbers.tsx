import type { FedProject, OpsHealth } from '@orrery/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { alertsQuery, OPEN } from '../queries.ts';
import { formatMs, formatNumber, formatPercent, NONE } from '../ui/format.ts';
import { mean, median } from '../ui/series.ts';
import classes from './KeyNumbers.module.css';

type Props = { projects: FedProject[] | undefined; health: OpsHealth | undefined };

/** The strip on top: only what the hub really measures. */
export function KeyNumbers({ projects, health }: Props) {
  const alerts = useInfiniteQuery(alertsQuery(OPEN));
  const list = alerts.data?.pages.flatMap((page) => page.items);
  const more = alerts.hasNextPage ? '+' : '';
  const open = list?.filter((alert) => alert.status === 'open').length;
  const critical = list?.filter((alert) => alert.severity === 'critical').length ?? 0;
  const acknowledged = (list?.length ?? 0) - (open ?? 0);
  const services = health?.services;
  const up = services?.filter((service) => service.status === 'up').length;
  const perMinute = services?.reduce((sum, service) => sum + 60_000 / service.intervalMs, 0);
  const online = projects?.filter((project) => project.status === 'online').length;

  return (
    <section className={classes.strip} aria-label="Key numbers">
      <Figure name="Healthy projects" value={online} note={projects && `of ${projects.length}`}>
        {projects && projects.length > 0 && <Proportion projects={projects} />}
      </Figure>
      <Figure
        name="Open alerts"
        value={open === undefined ? undefined : `${open}${more}`}
        tone={critical > 0 ? 'bad' : open ? 'warn' : undefined}
        note={
          critical > 0
            ? `${critical} critical${acknowledged > 0 ? `, ${acknowledged} acknowledged` : ''}`
            : acknowledged > 0
              ? `${acknowledged} acknowledged`
              : open === undefined
                ? undefined
                : open === 0
                  ? 'all quiet'
                  : 'none critical'
        }
        to="/alerts"
      />
      <Figure name="Checks up" value={up} note={services && `of ${services.length}`} />
      <Figure
        name="Availability"
        value={services && formatPercent(mean(services.map((service) => service.uptimePercent)))}
        note="last 24 h"
      />
      <Figure
        name="Median latency"
        value={services && formatMs(median(services.map((service) => service.latencyMs)))}
        note="newest checks"
      />
      <Figure
        name="Checks a minute"
        value={perMinute === undefined ? undefined : formatNumber(perMinute)}
        note="scheduled"
      />
    </section>
  );
}

type FigureProps = {
  name: string;
  value: string | number | undefined;
  note?: string | undefined;
  tone?: 'bad' | 'warn' | undefined;
  to?: string;
  children?: ReactNode;
};

function Figure({ name, value, note, tone, to, children }: FigureProps) {
  return (
    <div className={classes.figure}>
      <h2 className={classes.name}>{to ? <Link to={to}>{name}</Link> : name}</h2>
      <p className={classes.line}>
        <span className={classes.value} data-tone={tone}>
          {value ?? NONE}
        </span>{' '}
        {note && <span className={classes.note}>{note}</span>}
      </p>
      {children}
    </div>
  );
}

/** How many are online, degraded and offline, as lengths of one bar. */
function Proportion({ projects }: { projects: FedProject[] }) {
  const count = (status: FedProject['status']) => projects.filter((project) => project.status === status).length;
  const parts = (['online', 'degraded', 'offline'] as const).map((status) => ({ status, n: count(status) }));
  return (
    <div className={classes.bar} role="img" aria-label={parts.map(({ status, n }) => `${n} ${status}`).join(', ')}>
      {parts.map(({ status, n }) => n > 0 && <span key={status} data-status={status} style={{ flexGrow: n }} />)}
    </div>
  );
}
