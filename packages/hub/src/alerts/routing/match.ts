import type { AlertMatch, Category, Severity } from '@orrery/protocol';
import { glob } from '../../platform/glob.ts';

/** What of an alert decides who hears of it. */
export type Subject = {
  project: string;
  service: string | null;
  severity: Severity;
  category: Category;
  title: string;
};
/** What is known of the project of an alert. */
export type ProjectWords = { tags: readonly string[]; teams: readonly string[] };

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(', ');
const fits = (patterns: readonly string[], text: string): boolean => patterns.some((pattern) => glob(pattern, text));

/** The first field of a match that does not hold; undefined when the alert is meant. */
function failing(match: AlertMatch, subject: Subject, known: ProjectWords): keyof AlertMatch | undefined {
  const { projects, services, severities, categories, tags, teams, titles } = match;
  if (projects && !fits(projects, subject.project)) return 'projects';
  if (services && !servesAny(services, subject)) return 'services';
  if (severities && !severities.includes(subject.severity)) return 'severities';
  if (categories && !categories.includes(subject.category)) return 'categories';
  if (tags && !known.tags.some((tag) => fits(tags, tag))) return 'tags';
  if (teams && !known.teams.some((team) => fits(teams, team))) return 'teams';
  if (titles && !fits(titles, subject.title)) return 'titles';
  return undefined;
}

export const matches = (match: AlertMatch, subject: Subject, known: ProjectWords): boolean =>
  failing(match, subject, known) === undefined;

/** Why an alert is not meant, in words; undefined when it is. */
export function mismatch(match: AlertMatch, subject: Subject, known: ProjectWords): string | undefined {
  const field = failing(match, subject, known);
  const asked = (field && match[field]) ?? [];
  switch (field) {
    case undefined:
      return undefined;
    case 'severities':
      return `the severity is not ${asked.join(' or ')}`;
    case 'categories':
      return `the category is not ${asked.join(' or ')}`;
    case 'tags':
      return `the project has no tag ${quoted(asked)}`;
    case 'teams':
      return `the project has no team ${quoted(asked)}`;
    default:
      return `the ${NAMES[field]} is none of ${quoted(asked)}`;
  }
}

const NAMES = { projects: 'project', services: 'service', titles: 'title' } as const;

/** A pattern with a slash speaks of `project/service`, one without of the service alone. What belongs to no service fits none. */
export function servesAny(
  patterns: readonly string[],
  { project, service }: Pick<Subject, 'project' | 'service'>,
): boolean {
  return (
    service !== null &&
    patterns.some((pattern) => glob(pattern, pattern.includes('/') ? `${project}/${service}` : service))
  );
}
