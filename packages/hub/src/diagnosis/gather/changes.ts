import type { CauseKind } from '@orrery/protocol';
import type { EventRow } from '../../events/index.ts';
import type { Fact } from '../rank/facts.ts';
import { TIMES, WEIGHTS } from '../rank/weights.ts';
import { factId, span } from './fact.ts';

const DEPLOY = /^(?:deploy|release|rollo|rollb|scale)/;
/** Longer ago it weighs less than anything else. */
export const CHANGES_MS = 2 * 3_600_000;

/** Pure: what was done to projects before the trouble, from their events and from when they say that they were last deployed. */
export function changeFacts(
  rows: readonly Pick<EventRow, 'id' | 'at' | 'type' | 'project' | 'service' | 'title'>[],
  deployed: readonly { project: string; service?: string | undefined; value: number }[],
  began: number,
  firstSeen: ReadonlyMap<string, number>,
): Fact[] {
  // Of what was done before the project was known nobody can say that anything was otherwise before.
  const isChange = (project: string, at: number) => at > (firstSeen.get(project) ?? 0);
  const when = (at: number) =>
    at <= began ? `${span(began - at)} before the trouble` : `${span(at - began)} after it began`;
  const fact = (
    subject: readonly string[],
    at: number,
    kind: CauseKind,
    part: { project: string; service: string | null },
    what: string,
  ) => ({
    id: factId('change', ...subject),
    kind: 'change' as const,
    role: 'change' as const,
    at,
    project: part.project,
    service: part.service,
    text: `${what}, ${when(at)}`,
    speaks: [{ kind, weight: kind === 'deploy' ? WEIGHTS.deploy : WEIGHTS.config }],
    plain: `a change (${kind}) ${when(at)}`,
  });
  return [
    ...rows
      .filter(({ project, at }) => isChange(project, at))
      .map(({ id, at, type, project, service, title }) => ({
        ...fact([project, id], at, DEPLOY.test(type) ? 'deploy' : 'config', { project, service }, `${title} (${type})`),
        outside: title,
      })),
    ...deployed
      .filter(
        ({ project, value }) =>
          value >= began - CHANGES_MS && value <= began + TIMES.skewMs && isChange(project, value),
      )
      .map(({ project, service, value }) =>
        fact(
          [project, service ?? '', String(value)],
          value,
          'deploy',
          { project, service: service ?? null },
          `${project} was deployed`,
        ),
      ),
  ];
}
