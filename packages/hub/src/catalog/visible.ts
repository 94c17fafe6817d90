import type { ProjectDeclaration } from '@orrery/protocol';
import { type Caller, sees } from '../access/index.ts';

type Declared = Pick<ProjectDeclaration, 'dependsOn' | 'edges' | 'services'>;

/** Pure: a declaration without the names of projects that do not exist for the caller, though this one depends on them. */
export function visibleTo<T extends Partial<Declared>>(caller: Caller, declaration: T): T {
  if (caller.projects === 'all') return declaration;
  const { dependsOn, edges, services } = declaration;
  const own = new Set(services?.map(({ name }) => name));
  const seen = (name: string) => sees(caller, name.split('/')[0] ?? '');
  return {
    ...declaration,
    ...(dependsOn ? { dependsOn: dependsOn.filter(seen) } : {}),
    ...(edges ? { edges: edges.filter(({ to }) => seen(to)) } : {}),
    ...(services
      ? {
          services: services.map((s) => ({
            ...s,
            dependsOn: s.dependsOn.filter((name) => own.has(name) || seen(name)),
          })),
        }
      : {}),
  };
}
