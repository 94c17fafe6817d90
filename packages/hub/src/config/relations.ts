import { cronProblem } from '../alerts/index.ts';
import { namespacesOf } from '../intake/index.ts';
import { didYouMean } from './suggest.ts';

type Path = readonly PropertyKey[];
export type Relation = { path: Path; reason: string };
type Entry = { value: Record<string, unknown>; path: Path };

/**
 * What no single field shows: names used twice, and names of things that do not exist. Works on unchecked values, so that these mistakes
 * are listed together with those of shape.
 */
export function checkRelations(file: unknown): Relation[] {
  const projects = entries(file, 'projects', []);
  const channels = entries(file, 'channels', []);
  const slugs = new Set(projects.map(({ value }) => value.slug).filter((slug) => typeof slug === 'string'));
  const found = [...twice(projects, 'slug', 'project'), ...twice(channels, 'name', 'channel'), ...unheard(projects)];
  for (const { value, path } of projects) {
    found.push(...twice(entries(value, 'services', path), 'name', 'service'));
    const dependencies = words(value, 'dependsOn', path);
    for (const { word, path: at } of dependencies) {
      if (word === value.slug) found.push({ path: at, reason: 'a project cannot depend on itself' });
      else found.push(...mistyped(word, at, slugs));
    }
    for (const edge of entries(value, 'edges', path)) {
      const { to } = edge.value;
      const at = [...edge.path, 'to'];
      if (typeof to === 'string' && to === value.slug)
        found.push({ path: at, reason: 'a project has no edge to itself' });
      else if (typeof to === 'string') found.push(...mistyped(to, at, slugs));
    }
  }
  for (const { value, path } of channels) {
    for (const { word, path: at } of words(value, 'projects', path)) found.push(...mistyped(word, at, slugs));
  }
  for (const { value, path } of entries(file, 'autoheal', []))
    if (typeof value.project === 'string' && !slugs.has(value.project))
      found.push({
        path: [...path, 'project'],
        reason: `must be a project of this file${didYouMean(value.project, slugs)}`,
      });
  const rules = entries(file, 'rules', []);
  found.push(...twice(rules, 'name', 'rule'));
  for (const { value, path } of rules)
    for (const { word, path: at } of words((value.effect ?? {}) as Record<string, unknown>, 'channels', [
      ...path,
      'effect',
    ]))
      found.push(...unknownChannel(word, at, channels));
  found.push(...routing(file, channels, slugs));
  const ai = (file as { ai?: unknown } | null | undefined)?.ai;
  found.push(
    ...twice(entries(ai, 'budgets', ['ai']), 'name', 'budget'),
    ...twice(entries(ai, 'concurrency', ['ai']), 'name', 'limit'),
  );
  const pages = entries(file, 'statusPages', []);
  found.push(...twice(pages, 'slug', 'status page'));
  for (const page of pages)
    for (const group of entries(page.value, 'groups', page.path))
      for (const { value, path } of entries(group.value, 'services', group.path))
        if (typeof value.service === 'string')
          found.push(...mistyped(value.service.split('/')[0] ?? '', [...path, 'service'], slugs));
  return found;
}

/** Projects that the mesh could not hear: a namespace belongs to one of them. */
function unheard(projects: readonly Entry[]): Relation[] {
  const bySlug = new Map(projects.map((entry) => [entry.value.slug, entry]));
  const named = [...bySlug.values()].flatMap(({ value: { slug, meshNs } }) =>
    typeof slug === 'string' ? [{ slug, meshNs: typeof meshNs === 'string' ? meshNs : undefined }] : [],
  );
  return namespacesOf(named).conflicts.flatMap(({ slug, reason }) => {
    const entry = bySlug.get(slug);
    return entry ? [{ path: [...entry.path, entry.value.meshNs === undefined ? 'slug' : 'meshNs'], reason }] : [];
  });
}

/** Routes lead to channels that are there; calendars can be read. */
function routing(file: unknown, channels: readonly Entry[], slugs: ReadonlySet<string>): Relation[] {
  const routes = entries(file, 'routes', []);
  const maintenance = entries(file, 'maintenance', []);
  const found = [...twice(routes, 'name', 'route'), ...twice(maintenance, 'name', 'maintenance')];
  for (const { value, path } of routes)
    for (const holder of [{ value, path }, ...entries(value, 'escalate', path)])
      for (const { word, path: at } of words(holder.value, 'channels', holder.path))
        found.push(...unknownChannel(word, at, channels));
  for (const { value, path } of maintenance) {
    const problem = typeof value.cron === 'string' ? cronProblem(value.cron) : undefined;
    if (problem !== undefined) found.push({ path: [...path, 'cron'], reason: problem });
  }
  for (const { value, path } of [...routes, ...maintenance])
    for (const { word, path: at } of words((value.match ?? {}) as Record<string, unknown>, 'projects', [
      ...path,
      'match',
    ]))
      if (!word.includes('*')) found.push(...mistyped(word, at, slugs));
  return found;
}

/** A slug that the file does not declare may have been added elsewhere; only one that looks like a mistyped slug of the file is a mistake. */
function mistyped(word: string, path: Path, slugs: ReadonlySet<string>): Relation[] {
  const meant = slugs.has(word) ? '' : didYouMean(word, slugs);
  return meant ? [{ path, reason: `no project has the slug "${word}"${meant}` }] : [];
}

/** Channels that the environment makes are not in the file. */
const MADE = ['slack', 'email'];

function unknownChannel(word: string, path: Path, channels: readonly Entry[]): Relation[] {
  const names = [...channels.map(({ value }) => value.name).filter((name) => typeof name === 'string'), ...MADE];
  return names.includes(word) ? [] : [{ path, reason: `no channel has the name "${word}"${didYouMean(word, names)}` }];
}

function entries(parent: unknown, key: string, path: Path): Entry[] {
  const list = (parent as Record<string, unknown> | null | undefined)?.[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, i) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? [{ value: value as Record<string, unknown>, path: [...path, key, i] }]
      : [],
  );
}

function words(parent: Record<string, unknown>, key: string, path: Path): { word: string; path: Path }[] {
  const list = parent[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((word: unknown, i) => (typeof word === 'string' ? [{ word, path: [...path, key, i] }] : []));
}

function twice(list: readonly Entry[], key: string, what: string): Relation[] {
  const seen = new Set<string>();
  return list.flatMap(({ value, path }) => {
    const name = value[key];
    if (typeof name !== 'string') return [];
    if (seen.has(name)) return [{ path: [...path, key], reason: `another ${what} before it has the ${key} "${name}"` }];
    seen.add(name);
    return [];
  });
}
