import type { AlertMatch, Category, Severity } from '@orrery/protocol';
import { glob } from './glob.ts';

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

/** Why an alert is not meant, in words: the first field that does not hold. Undefined when it is meant. */
export function mismatch(match: AlertMatch, subject: Subject, known: ProjectWords): string | undefined {
  const { projects, services, severities, categories, tags, teams, titles } = match;
  if (projects && !fits(projects, subject.project)) return `the project is none of ${quoted(projects)}`;
  if (services && !servesAny(services, subject)) return `the service is none of ${quoted(services)}`;
  if (severities && !severities.includes(subject.severity)) return `the severity is not ${severities.join(' or ')}`;
  if (categories && !categories.includes(subject.category)) return `the category is not ${categories.join(' or ')}`;
  if (tags && !known.tags.some((tag) => fits(tags, tag))) return `the project has no tag ${quoted(tags)}`;
  if (teams && !known.teams.some((team) => fits(teams, team))) return `the project has no team ${quoted(teams)}`;
  if (titles && !fits(titles, subject.title)) return `the title is none of ${quoted(titles)}`;
  return undefined;
}

export const matches = (match: AlertMatch, subject: Subject, known: ProjectWords): boolean =>
  mismatch(match, subject, known) === undefined;

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
