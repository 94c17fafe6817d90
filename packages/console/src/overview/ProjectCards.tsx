import type { FedProject, OpsHealth, OpsService } from '@orrery/protocol';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Age } from '../ui/Age.tsx';
import { formatMs, formatPercent, formatShare } from '../ui/format.ts';
import { Mark } from '../ui/Mark.tsx';
import { Waiting } from '../ui/Note.tsx';
import type { RangeView } from '../ui/range.ts';
import { Sparkline } from '../ui/Sparkline.tsx';
import { byTrouble, projectState, type Tone } from '../ui/state.ts';
import { useInView } from '../ui/useInView.ts';
import classes from './ProjectCards.module.css';
import { isYoung, recentLatencies, useProjectVitals, type Vitals } from './useProjectVitals.ts';

type Props = { projects: FedProject[] | undefined; health: OpsHealth | undefined; range: RangeView };

/** All projects at a glance, what needs eyes first. */
export function ProjectCards({ projects, health, range }: Props) {
  const sorted = useMemo(() => [...(projects ?? [])].sort(byTrouble), [projects]);
  if (!projects) return <Waiting rows={6} what="the projects" />;
  return (
    <section aria-label="Projects">
      <ul className={classes.grid}>
        {sorted.map((project) => (
          <li key={project.slug}>
            <ProjectCard
              project={project}
              services={health?.services.filter((service) => service.project === project.slug) ?? []}
              range={range}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

type CardProps = { project: FedProject; services: OpsService[]; range: RangeView };

function ProjectCard({ project, services, range }: CardProps) {
  const [box, seen] = useInView<HTMLElement>();
  const { tone, word } = projectState(project);
  const failing = services.find((service) => service.status === 'down' || service.status === 'degraded');
  return (
    <article className={classes.card} ref={box} data-tone={tone} aria-label={project.name}>
      <div className={classes.head}>
        <Mark tone={tone} />
        <h2 className={classes.name}>
          <Link to="/projects/$slug" params={{ slug: project.slug }} search={rangeSearch(range)}>
            {project.name}
          </Link>
        </h2>
        <span className={classes.domain}>{project.domain ?? project.tags[0] ?? ''}</span>
      </div>
      {seen ? <CardVitals project={project} services={services} range={range} /> : <CardNumbers vitals={undefined} />}
      <p className={classes.state} data-tone={tone}>
        <span>{word}</span>
        {' · '}
        {failing?.reason ? (
          <span title={failing.reason}>
            {failing.service}: {failing.reason}
          </span>
        ) : project.lastSeenAt ? (
          <>
            seen <Age at={project.lastSeenAt} />
          </>
        ) : (
          'waiting for its first answer'
        )}
      </p>
    </article>
  );
}

function rangeSearch({ range }: RangeView) {
  if (range.kind === 'last') return { range: range.key };
  return { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() };
}

function CardVitals({ project, services, range }: CardProps) {
  const { vitals } = useProjectVitals(project.slug, { from: range.from, to: range.to, step: range.step });
  return <CardNumbers vitals={vitals} recent={recentLatencies(services)} tone={projectState(project).tone} />;
}

type NumbersProps = { vitals: Vitals | undefined; recent?: readonly (number | null)[]; tone?: Tone };

function CardNumbers({ vitals, recent = [], tone = 'ok' }: NumbersProps) {
  const word = vitals?.latencyWord ?? 'Latency';
  const young = vitals !== undefined && isYoung(vitals.outline) && recent.length > 1;
  return (
    <>
      <dl className={classes.numbers}>
        <div>
          <dt>Uptime</dt>
          <dd>{formatPercent(vitals?.uptime)}</dd>
        </div>
        <div>
          <dt>{word}</dt>
          <dd>{formatMs(vitals?.latency)}</dd>
        </div>
        <div>
          <dt>Errors</dt>
          <dd>{formatShare(vitals?.errors)}</dd>
        </div>
        {vitals && vitals.apdex !== null && (
          <div>
            <dt>Apdex</dt>
            <dd>{vitals.apdex.toFixed(2)}</dd>
          </div>
        )}
      </dl>
      <div className={classes.spark}>
        <Sparkline
          values={young ? recent : (vitals?.outline ?? [])}
          tone={tone}
          height={38}
          label={
            young
              ? `Latency of the last ${recent.length} checks`
              : vitals
                ? `${word} over the range, now ${formatMs(vitals.latency)}`
                : 'Not loaded yet'
          }
        />
      </div>
    </>
  );
}
