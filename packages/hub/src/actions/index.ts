export { createActions } from './actions.ts';
export { actionRoutes } from './routes.ts';
