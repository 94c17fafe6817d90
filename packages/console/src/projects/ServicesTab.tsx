import type { OpsService, ProjectDetail } from '@orrery/protocol';
import { useState } from 'react';
import { Age } from '../ui/Age.tsx';
import { Empty } from '../ui/Empty.tsx';
import { formatMs, formatPercent, formatSpan, plural } from '../ui/format.ts';
import { HeartbeatBar } from '../ui/HeartbeatBar.tsx';
import { State } from '../ui/Mark.tsx';
import { Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { CopyButton, Snippet, Snippets } from '../ui/Snippet.tsx';
import { SERVICE_TONE, SERVICE_WORD } from '../ui/state.ts';
import classes from './ServicesTab.module.css';
import { declareYaml, heartbeatSnippets } from './snippets.ts';

type Props = { project: ProjectDetail | undefined; services: OpsService[] | undefined };

export function ServicesTab({ project, services }: Props) {
  if (!services) return <Waiting rows={5} what="the services" />;
  if (services.length === 0)
    return (
      <Panel title="Services" flush>
        <Empty title="Nothing of this project is probed yet">
          <p>
            A service is a part that can be probed: a page (<code>http</code>), the product's own health report (
            <code>instance</code>), or a job that calls in (<code>heartbeat</code>).
          </p>
          <Snippet label="orrery.yaml" code={declareYaml({ hub: location.origin, slug: project?.slug ?? 'shop' })} />
        </Empty>
      </Panel>
    );
  return (
    <div className={classes.services}>
      {services.map((service) => (
        <Service key={service.probeId} service={service} />
      ))}
    </div>
  );
}

function Service({ service }: { service: OpsService }) {
  const tone = SERVICE_TONE[service.status];
  return (
    <Panel
      title={service.service}
      label={`${service.service}, ${service.kind} probe`}
      note={
        <>
          {service.kind} every {formatSpan(service.intervalMs)}
          {service.kind === 'heartbeat' ? '' : `, given up after ${formatMs(service.timeoutMs)}`}
        </>
      }
      tools={
        <State tone={tone} soft>
          {SERVICE_WORD[service.status]}
        </State>
      }
    >
      <div className={classes.body}>
        {service.reason && service.status !== 'up' && (
          <p className={classes.reason} data-tone={tone}>
            {service.reason}
          </p>
        )}
        <HeartbeatBar history={service.history} name={`${service.service} (${service.kind})`} slots={50} />
        <dl className={classes.numbers}>
          <div>
            <dt>Latency</dt>
            <dd>{formatMs(service.latencyMs)}</dd>
          </div>
          <div>
            <dt>Uptime, 24 h</dt>
            <dd>{formatPercent(service.uptimePercent)}</dd>
          </div>
          <div>
            <dt>Last check</dt>
            <dd>
              <Age at={service.lastCheckAt} />
            </dd>
          </div>
          <div>
            <dt>{SERVICE_WORD[service.status]} for</dt>
            <dd>{service.since ? <Age at={service.since} bare /> : '–'}</dd>
          </div>
        </dl>
        <p className={classes.target}>
          <code>{service.target}</code>
        </p>
        {service.checks && <OwnChecks checks={service.checks} service={service} />}
        {service.heartbeatUrl && <HeartbeatUrl url={service.heartbeatUrl} />}
        <Failures service={service} />
      </div>
    </Panel>
  );
}

type OwnProps = { checks: NonNullable<OpsService['checks']>; service: OpsService };

/** What the instance says of its own parts; while it gives no answer, what it said last, and marked so. */
function OwnChecks({ checks, service }: OwnProps) {
  const silent = service.status === 'down' && service.latencyMs === null;
  const entries = Object.entries(checks).sort(([, a], [, b]) => Number(a.ok) - Number(b.ok));
  if (entries.length === 0) return null;
  return (
    <ul className={classes.checks} aria-label="The instance's own checks">
      {silent && (
        <li className={classes.stale}>
          As it said before it fell silent
          {service.since && (
            <>
              , <Age at={service.since} />
            </>
          )}
        </li>
      )}
      {entries.map(([name, check]) => (
        <li key={name}>
          <State tone={silent ? 'quiet' : check.ok ? 'ok' : 'bad'}>
            {name}
            <span className="sr-only">: {check.ok ? 'ok' : 'failing'}</span>
          </State>
          <span className={classes.detail}>{check.detail ?? (check.ok ? '' : 'failing')}</span>
          <span>{check.latencyMs === undefined ? '' : formatMs(check.latencyMs)}</span>
        </li>
      ))}
    </ul>
  );
}

function HeartbeatUrl({ url }: { url: string }) {
  const [shown, setShown] = useState(false);
  const whole = new URL(url, location.origin).href;
  return (
    <div className={classes.heartbeat}>
      <div className={classes.url}>
        <code>{whole}</code>
        <CopyButton text={whole} label="Copy the heartbeat URL" />
      </div>
      {shown ? (
        <Snippets label="How a job calls in" choices={heartbeatSnippets(whole)} />
      ) : (
        <button type="button" className={classes.more} onClick={() => setShown(true)}>
          How a job calls in
        </button>
      )}
    </div>
  );
}

/** The checks that failed, in words: the condition and the values that broke it. */
function Failures({ service }: { service: OpsService }) {
  const failed = service.history
    .filter((check) => check.status !== 'up' && check.reason)
    .sort((a, b) => b.at.localeCompare(a.at));
  if (failed.length === 0) return null;
  return (
    <details className={classes.failures}>
      <summary>
        {plural(failed.length, 'failed check')} of the last {service.history.length}
      </summary>
      <ol>
        {failed.slice(0, 12).map((check) => (
          <li key={check.at}>
            <State tone={SERVICE_TONE[check.status]}>{SERVICE_WORD[check.status]}</State>
            <span className={classes.detail}>{check.reason}</span>
            <Age at={check.at} />
          </li>
        ))}
      </ol>
    </details>
  );
}
