import { Button, CloseButton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { Alert, Incident } from '@orrery/protocol';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { incidentQuery, queryClient } from '../queries.ts';
import { Age, Clock } from '../ui/Age.tsx';
import { formatSpan } from '../ui/format.ts';
import { Mark, State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { ALERT_WORD, SEVERITY_TONE, SEVERITY_WORD } from '../ui/state.ts';
import classes from './AlertPanel.module.css';
import { DiagnosisSection } from './DiagnosisSection.tsx';

/** One incident beside the list: why its alerts are one, which of them is the root, and what hangs on it. */
export function IncidentPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(incidentQuery(id));
  const incident = query.data;
  return (
    <aside className={classes.panel} aria-label="Incident">
      <div className={classes.head}>
        {incident && (
          <State tone={SEVERITY_TONE[incident.severity]} soft>
            {SEVERITY_WORD[incident.severity]}
          </State>
        )}
        <span className={classes.id}>{id}</span>
        <CloseButton aria-label="Close the incident" onClick={onClose} />
      </div>
      <QueryNote query={query} what="the incident" />
      {query.isPending && <Waiting rows={5} what="the incident" />}
      {incident && (
        <div className={classes.body}>
          <h2 className={classes.title}>{incident.title}</h2>
          <p className={classes.text}>{incident.reason}</p>
          <Verbs incident={incident} alerts={incident.alerts} />
          <dl className={classes.facts}>
            <dt>State</dt>
            <dd>{incident.status === 'open' ? 'Open' : 'Resolved'}</dd>
            <dt>Began</dt>
            <dd>
              <Clock at={incident.startedAt} />
            </dd>
            <dt>Lasts</dt>
            <dd>
              {incident.resolvedAt ? (
                formatSpan(Date.parse(incident.resolvedAt) - Date.parse(incident.startedAt))
              ) : (
                <Age at={incident.startedAt} bare />
              )}
            </dd>
            <dt>Projects</dt>
            <dd>{incident.projects.join(', ')}</dd>
          </dl>
          <DiagnosisSection incidentId={incident.id} />
          <Members incident={incident} alerts={incident.alerts} />
        </div>
      )}
    </aside>
  );
}

function Verbs({ incident, alerts }: { incident: Incident; alerts: readonly Alert[] }) {
  const may = useMay();
  const change = useMutation({
    mutationFn: (verb: 'acknowledge' | 'resolve') => api.changeIncident(incident.id, verb),
    onError: (error) =>
      notifications.show({ title: 'The incident was not changed', message: error.message, role: 'alert' }),
    onSettled: () =>
      Promise.all(
        ['incident', 'incidents', 'alerts', 'alert'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })),
      ),
  });
  if (!may('alerts:manage') || incident.status !== 'open') return null;
  return (
    <div className={classes.verbs}>
      {alerts.some((alert) => alert.status === 'open') && (
        <Button variant="filled" disabled={change.isPending} onClick={() => change.mutate('acknowledge')}>
          Acknowledge all
        </Button>
      )}
      <Button disabled={change.isPending} onClick={() => change.mutate('resolve')}>
        Resolve all
      </Button>
    </div>
  );
}

function Members({ incident, alerts }: { incident: Incident; alerts: readonly Alert[] }) {
  const ordered = alerts.toSorted(
    (a, b) =>
      Number(b.id === incident.rootAlertId) - Number(a.id === incident.rootAlertId) ||
      a.createdAt.localeCompare(b.createdAt),
  );
  return (
    <section aria-label="Alerts of the incident">
      <h3 className={classes.heading}>Alerts</h3>
      <ol className={classes.timeline}>
        {ordered.map((alert) => (
          <li key={alert.id} data-own>
            <Mark tone={alert.status === 'resolved' ? 'ok' : SEVERITY_TONE[alert.severity]} size={8} />
            <span className={classes.step}>
              <Link to="/alerts" search={{ alert: alert.id, status: 'all' }} className={classes.link}>
                {alert.title}
              </Link>
              {alert.id === incident.rootAlertId && ' · root'}
              {alert.inhibitedBy && ' · nobody is told: what it depends on is down'}
              {' · '}
              {ALERT_WORD[alert.status].toLowerCase()}
            </span>
            <span className={classes.when}>
              <Clock at={alert.createdAt} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
