import { CloseButton } from '@mantine/core';
import type { SecurityIncident } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import classes from '../alerts/AlertPanel.module.css';
import { securityIncidentQuery } from '../queries.ts';
import { Clock } from '../ui/Age.tsx';
import { formatNumber } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Sparkline } from '../ui/Sparkline.tsx';
import { SEVERITY_TONE, SEVERITY_WORD } from '../ui/state.ts';
import own from './Security.module.css';
import { FAMILY_WORD } from './words.ts';

/** One security incident beside the list: where, how often and how the product answered. */
export function IncidentPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(securityIncidentQuery(id));
  const incident = query.data;
  return (
    <aside className={classes.panel} aria-label="Security incident">
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
      {query.isPending && <Waiting rows={6} what="the incident" />}
      {incident && (
        <div className={classes.body}>
          <h2 className={classes.title}>{FAMILY_WORD[incident.family]}</h2>
          <p className={own.seenAs}>{incident.shape}</p>
          <Facts incident={incident} />
          <Sparkline
            values={incident.hours}
            tone={SEVERITY_TONE[incident.severity]}
            label={`Attacks in each of the last 24 hours: ${incident.hours.join(', ')}`}
          />
          <p className={classes.text}>
            The actor is a keyed hash that changes each day. What was sent is kept nowhere.{' '}
            <Link to="/alerts" search={{ project: incident.project }} className={own.link}>
              Alerts of {incident.project}
            </Link>
          </p>
        </div>
      )}
    </aside>
  );
}

function Facts({ incident }: { incident: SecurityIncident }) {
  const facts: [string, React.ReactNode][] = [
    ['Project', incident.project],
    ['Route', <code key="route">{incident.route}</code>],
    ['Rule', incident.rule],
    ['Actor', <code key="actor">{incident.actor}</code>],
    ['State', incident.state === 'active' ? 'Active: seen within 15 minutes' : 'Ended'],
    ['Times', formatNumber(incident.total)],
    ['Answered', `${formatNumber(incident.passed)} with success`],
    ['Refused', formatNumber(incident.refused)],
    ['Failed', formatNumber(incident.failed)],
    ['First seen', <Clock key="first" at={incident.firstAt} />],
    ['Last seen', <Clock key="last" at={incident.lastAt} />],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
