export { type Catalog, createCatalog } from './catalog.ts';
export { type Dependencies, dependenciesOf, NOTHING_DECLARED } from './dependencies.ts';
export { createLayout } from './layout/layout.ts';
export type { PastFacts } from './past.ts';
export { catalogRoutes } from './routes.ts';
export type { StoredProject } from './store.ts';
export type { ProjectFacts } from './views.ts';
