export { type Actions, createActions } from './actions.ts';
export { actionRoutes } from './routes.ts';
