import type { AlertMatch } from '@orrery/protocol';
import { authorizeWhole, type Caller, sees, visibleProjects } from '../../access/index.ts';
import { HubError } from '../../platform/errors.ts';
import { glob } from '../../platform/glob.ts';

type Named = Pick<AlertMatch, 'projects' | 'services'>;
const projectOf = (service: string): string | undefined =>
  service.includes('/') ? service.slice(0, service.indexOf('/')) : undefined;

/** Whether a match may speak of a project that the caller sees. */
export function concerns(caller: Caller, { projects, services }: Named): boolean {
  const visible = visibleProjects(caller);
  if (visible === 'all') return true;
  const meets = (pattern: string) => visible.some((project) => glob(pattern, project));
  return (
    (projects === undefined || projects.some(meets)) &&
    (services === undefined || services.some((service) => meets(projectOf(service) ?? '*')))
  );
}

/** The match as the caller may see it: without the names of projects that do not exist for them. */
export function shownMatch<T extends Named>(caller: Caller, match: T): T {
  const visible = visibleProjects(caller);
  if (visible === 'all') return match;
  const meets = (pattern: string) => visible.some((project) => glob(pattern, project));
  return {
    ...match,
    ...(match.projects && { projects: match.projects.filter(meets) }),
    ...(match.services && { services: match.services.filter((service) => meets(projectOf(service) ?? '*')) }),
  };
}

/** Lets those pass who may keep back all that a match speaks of: a key that is limited to projects names some of them, each whole. */
export function mayHold(caller: Caller, { projects }: Named): boolean {
  return (
    caller.projects === 'all' ||
    (projects?.every((project) => !project.includes('*') && sees(caller, project)) ?? false)
  );
}

/** Throws unless the caller may keep back all that a match speaks of. */
export function authorizeHold(caller: Caller, match: Named): void {
  if (mayHold(caller, match)) return;
  if (match.projects === undefined || match.projects.some((project) => project.includes('*')))
    authorizeWhole(caller, 'alerts:manage');
  throw new HubError('not_found', 'One of these projects does not exist.');
}
