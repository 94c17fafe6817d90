import type { ProjectDeclaration, RouteDeclaration } from '@orrery/protocol';
import type { ProjectWords } from './match.ts';

/** A route and where it was declared: `orrery.yaml:31`. */
export type DeclaredRoute = { declaration: RouteDeclaration; ref: string };
export type KnownProject = ProjectWords & { name: string; domain?: string | undefined };

const NOTHING_KNOWN: ProjectWords = { tags: [], teams: [] };

/** The routes that the running configuration declares, and the words of the projects by which they choose. */
export type RouteBook = ReturnType<typeof createRouteBook>;

export function createRouteBook() {
  let routes: readonly DeclaredRoute[] = [];
  let projects = new Map<string, KnownProject>();
  let revision = 0;
  return {
    replace(declared: readonly DeclaredRoute[]): void {
      routes = declared;
      revision += 1;
    },
    /** Rises with every change of the routes. */
    revision: () => revision,
    all: () => routes,
    replaceProjects(known: readonly Pick<ProjectDeclaration, 'slug' | 'name' | 'tags' | 'teams' | 'domain'>[]): void {
      projects = new Map(known.map(({ slug, ...words }) => [slug, words]));
    },
    project: (slug: string): KnownProject | undefined => projects.get(slug),
    words: (slug: string): ProjectWords => projects.get(slug) ?? NOTHING_KNOWN,
  };
}
