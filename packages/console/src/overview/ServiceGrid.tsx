import type { FedProject, OpsService } from '@orrery/protocol';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { formatMs, plural } from '../ui/format.ts';
import { HeartbeatBar } from '../ui/HeartbeatBar.tsx';
import { State } from '../ui/Mark.tsx';
import { Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { byTrouble, SERVICE_TONE, SERVICE_WORD } from '../ui/state.ts';
import classes from './ServiceGrid.module.css';

type Props = { services: OpsService[] | undefined; projects: FedProject[] | undefined };

/** Every service's checks in one table of bars. */
export function ServiceGrid({ services, projects }: Props) {
  const names = useMemo(() => new Map(projects?.map((project) => [project.slug, project.name])), [projects]);
  const sorted = useMemo(() => sortServices(services ?? [], projects ?? []), [services, projects]);
  const failing = services?.filter((service) => service.status === 'down').length ?? 0;
  const note = services && (failing > 0 ? `${failing} of ${services.length} down` : plural(services.length, 'check'));
  return (
    <Panel title="Services" note={note} flush>
      {!services ? (
        <Waiting rows={6} what="the services" />
      ) : (
        <ul className={classes.list}>
          {sorted.map((service) => (
            <li key={service.probeId} className={classes.row}>
              <Link
                to="/projects/$slug"
                params={{ slug: service.project }}
                className={classes.name}
                title={service.target}
              >
                <span>{names.get(service.project) ?? service.project}</span>
                <span className={classes.service}>{service.service}</span>
              </Link>
              <span className={classes.kind}>{service.kind}</span>
              <HeartbeatBar
                history={service.history}
                name={`${service.project} ${service.service} (${service.kind})`}
                slots={44}
              />
              <span className={classes.latency}>{formatMs(service.latencyMs)}</span>
              <span className={classes.state}>
                <State tone={SERVICE_TONE[service.status]}>{SERVICE_WORD[service.status]}</State>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** In the order of the cards above: projects in trouble first, then by name. */
function sortServices(services: readonly OpsService[], projects: readonly FedProject[]): OpsService[] {
  const place = new Map([...projects].sort(byTrouble).map((project, index) => [project.slug, index]));
  return [...services].sort(
    (a, b) => (place.get(a.project) ?? 0) - (place.get(b.project) ?? 0) || a.service.localeCompare(b.service),
  );
}
