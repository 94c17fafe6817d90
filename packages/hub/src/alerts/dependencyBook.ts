import { type Dependencies, dependenciesOf, NOTHING_DECLARED } from '../catalog/index.ts';

/** What depends on what, as it is declared now. */
export type DependencyBook = {
  replace(projects: Parameters<typeof dependenciesOf>[0]): void;
  current(): Dependencies;
};

export function createDependencyBook(): DependencyBook {
  let known = NOTHING_DECLARED;
  return {
    replace(projects) {
      known = dependenciesOf(projects);
    },
    current: () => known,
  };
}
