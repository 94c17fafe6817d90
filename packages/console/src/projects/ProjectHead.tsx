import type { OpsService, ProjectDetail } from '@orrery/protocol';
import type { ReactNode } from 'react';
import { useProjectVitals } from '../overview/useProjectVitals.ts';
import { Age } from '../ui/Age.tsx';
import { formatMs, formatNumber, formatPercent, formatShare, NONE } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { Waiting } from '../ui/Note.tsx';
import type { RangeView } from '../ui/range.ts';
import { RANGE_WORDS } from '../ui/range.ts';
import { projectState } from '../ui/state.ts';
import classes from './Project.module.css';

type Props = { project: ProjectDetail | undefined; services: OpsService[] | undefined; range: RangeView };

/** Who it is, how it is, and its headline numbers. */
export function ProjectHead({ project, services, range }: Props) {
  const { vitals } = useProjectVitals(project?.slug ?? '', range, project !== undefined);
  if (!project) return <Waiting rows={2} what="the project" />;
  const { tone, word } = projectState(project);
  const up = services?.filter((service) => service.status === 'up').length;
  const { auditsOk, auditsWarn, auditsFail, deployFreshnessDays } = project.kpis;
  const audits = auditsOk === null && auditsFail === null ? undefined : `${auditsOk ?? 0} ok`;
  const span = range.range.kind === 'last' ? RANGE_WORDS[range.range.key] : 'chosen span';
  return (
    <section className={classes.head} aria-label="Status and key numbers">
      <div>
        <div className={classes.state}>
          <State tone={tone}>{word}</State>
          <small>
            seen <Age at={project.lastSeenAt} />
          </small>
        </div>
        <p className={classes.facts}>
          <a href={project.hubUrl} target="_blank" rel="noreferrer">
            {project.hubUrl}
          </a>
          {project.version && ` · ${project.version}`}
          {project.domain && ` · ${project.domain}`}
        </p>
        {(project.tags.length > 0 || project.teams.length > 0) && (
          <ul className={classes.tags} aria-label="Tags and teams">
            {[...project.tags, ...project.teams.map((team) => `team ${team}`)].map((tag) => (
              <li key={tag} className={classes.tag}>
                {tag}
              </li>
            ))}
          </ul>
        )}
      </div>
      <Figure name="Checks up" value={up ?? NONE} sub={services && `of ${services.length}`} />
      <Figure name="Uptime" value={formatPercent(vitals?.uptime)} sub={span} />
      <Figure name={vitals?.latencyWord ?? 'Latency'} value={formatMs(vitals?.latency)} sub="newest" />
      <Figure
        name="Errors"
        value={formatShare(vitals?.errors)}
        sub={vitals?.errors === null ? 'not reported' : 'of requests, newest'}
      />
      {vitals && vitals.apdex !== null && <Figure name="Apdex" value={vitals.apdex.toFixed(2)} sub="newest" />}
      <Figure
        name={audits ? 'Audits' : 'Last deploy'}
        value={audits ?? (deployFreshnessDays === null ? NONE : `${formatNumber(deployFreshnessDays)} d`)}
        sub={
          audits
            ? `${auditsWarn ?? 0} warn, ${auditsFail ?? 0} fail`
            : deployFreshnessDays === null
              ? 'not reported'
              : 'ago'
        }
      />
      {project.risk !== undefined && (
        <Figure name="Risk" value={formatNumber(project.risk)} sub={factorWords(project.riskFactors)} />
      )}
    </section>
  );
}

/** The factors that are known and not zero, the worst first. */
function factorWords(factors: ProjectDetail['riskFactors']): string {
  const known = Object.entries(factors ?? {}).filter(([, value]) => value !== null && value > 0);
  if (known.length === 0) return 'nothing known against it';
  return known
    .toSorted(([, a], [, b]) => (b ?? 0) - (a ?? 0))
    .map(([name, value]) => `${name} ${formatNumber(value ?? 0)}`)
    .join(', ');
}

function Figure({ name, value, sub }: { name: string; value: ReactNode; sub?: ReactNode }) {
  return (
    <div>
      <h2 className={classes.name}>{name}</h2>
      <p className={classes.value}>{value}</p>
      {sub && <p className={classes.sub}>{sub}</p>}
    </div>
  );
}
