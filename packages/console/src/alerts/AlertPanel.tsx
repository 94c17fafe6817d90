import { Button, CloseButton } from '@mantine/core';
import type { Alert } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useMay } from '../access/me.ts';
import { alertQuery, eventsQuery } from '../queries.ts';
import { Age, Clock } from '../ui/Age.tsx';
import { formatSpan, plural } from '../ui/format.ts';
import { Mark, State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { ALERT_WORD, SEVERITY_TONE, SEVERITY_WORD } from '../ui/state.ts';
import classes from './AlertPanel.module.css';
import { DOING, useChangeAlert, usePendingChanges } from './change.ts';
import { DiagnosisSection } from './DiagnosisSection.tsx';
import { NewSilence } from './NewSilence.tsx';
import { timeline } from './timeline.ts';
import { type Verb, verbsFor } from './verbs.ts';

const VERB_WORD: Record<Verb, string> = { acknowledge: 'Acknowledge', resolve: 'Resolve', ignore: 'Ignore' };

/** One alert beside the list: what broke, what to do, and what happened when. */
export function AlertPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(alertQuery(id));
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const alert = query.data;
  return (
    <aside ref={box} className={classes.panel} aria-label="Alert">
      <div className={classes.head}>
        {alert && (
          <State tone={SEVERITY_TONE[alert.severity]} soft>
            {SEVERITY_WORD[alert.severity]}
          </State>
        )}
        <span className={classes.id}>{id}</span>
        <CloseButton aria-label="Close the alert" onClick={onClose} />
      </div>
      <QueryNote query={query} what="the alert" />
      {query.isPending && <Waiting rows={5} what="the alert" />}
      {alert && <Detail alert={alert} />}
    </aside>
  );
}

function Detail({ alert }: { alert: Alert }) {
  return (
    <div className={classes.body}>
      <h2 className={classes.title}>{alert.title}</h2>
      <p className={classes.text}>{alert.description}</p>
      {alert.recommendation && (
        <p className={classes.advice}>
          <strong>What to do</strong> {alert.recommendation}
        </p>
      )}
      <Verbs alert={alert} />
      <Facts alert={alert} />
      {alert.incidentId && <DiagnosisSection incidentId={alert.incidentId} />}
      <Timeline alert={alert} />
    </div>
  );
}

function Verbs({ alert }: { alert: Alert }) {
  const may = useMay();
  const [silencing, setSilencing] = useState(false);
  const change = useChangeAlert();
  const pending = usePendingChanges().get(alert.id);
  const verbs = verbsFor(alert.status);
  if (!may('alerts:manage') || verbs.length === 0) return null;
  return (
    <div className={classes.verbs}>
      {verbs.map((verb) => (
        <Button
          key={verb}
          disabled={pending !== undefined}
          onClick={() => change.mutate({ id: alert.id, verb })}
          {...(verb === 'acknowledge' ? { variant: 'filled' } : {})}
        >
          {pending === verb ? DOING[verb] : VERB_WORD[verb]}
        </Button>
      ))}
      <Button onClick={() => setSilencing(true)}>Silence…</Button>
      {silencing && (
        <NewSilence
          onClose={() => setSilencing(false)}
          preset={{
            projects: [alert.project],
            ...(alert.service ? { services: [`${alert.project}/${alert.service}`] } : {}),
          }}
        />
      )}
    </div>
  );
}

function Facts({ alert }: { alert: Alert }) {
  return (
    <dl className={classes.facts}>
      <dt>State</dt>
      <dd>
        {ALERT_WORD[alert.status]}
        {alert.acknowledgedBy && alert.status === 'acknowledged' && ` by ${alert.acknowledgedBy}`}
        {alert.resolvedBy && alert.status === 'resolved' && ` by ${alert.resolvedBy}`}
      </dd>
      <Told alert={alert} />
      {alert.incidentId && (
        <>
          <dt>Incident</dt>
          <dd>
            <Link to="/alerts" search={{ tab: 'incidents', incident: alert.incidentId }} className={classes.link}>
              {alert.incidentId}
            </Link>
          </dd>
        </>
      )}
      <dt>Project</dt>
      <dd>
        <Link to="/projects/$slug" params={{ slug: alert.project }} className={classes.link}>
          {alert.project}
        </Link>
        {alert.service && ` · ${alert.service}`}
      </dd>
      <dt>Category</dt>
      <dd>{alert.category}</dd>
      <dt>Observed</dt>
      <dd>
        {plural(alert.occurrences, 'time')}, last <Age at={alert.lastSeenAt} />
      </dd>
      <dt>Lasts</dt>
      <dd>
        {alert.resolvedAt ? (
          formatSpan(Date.parse(alert.resolvedAt) - Date.parse(alert.createdAt))
        ) : (
          <Age at={alert.createdAt} bare />
        )}
      </dd>
      <dt>Fingerprint</dt>
      <dd>
        <code title={alert.fingerprint}>{alert.fingerprint.slice(0, 16)}</code>
      </dd>
    </dl>
  );
}

/** Why nobody is told, when nobody is. */
function Told({ alert }: { alert: Alert }) {
  if (alert.inhibitedBy)
    return (
      <>
        <dt>Not told</dt>
        <dd>
          because{' '}
          <Link to="/alerts" search={{ alert: alert.inhibitedBy, status: 'all' }} className={classes.link}>
            what it depends on
          </Link>{' '}
          is down
        </dd>
      </>
    );
  if (!alert.silencedBy) return null;
  return (
    <>
      <dt>Not told</dt>
      <dd>
        because of{' '}
        <Link to="/alerts" search={{ tab: 'silences' }} className={classes.link}>
          {alert.silencedBy.startsWith('maintenance:')
            ? `the maintenance ${alert.silencedBy.slice('maintenance:'.length)}`
            : 'a silence'}
        </Link>
      </dd>
    </>
  );
}

function Timeline({ alert }: { alert: Alert }) {
  const { data } = useQuery(eventsQuery(alert.project));
  const steps = timeline(alert, data?.items ?? []);
  return (
    <section aria-label="Timeline">
      <h3 className={classes.heading}>Timeline</h3>
      <ol className={classes.timeline}>
        {steps.map((step) => (
          <li key={`${step.at} ${step.text}`} data-own={step.own || undefined}>
            <Mark tone={step.tone} size={8} />
            <span className={classes.step}>{step.text}</span>
            <span className={classes.when}>
              <Clock at={step.at} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
