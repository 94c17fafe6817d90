export type { Facts } from './facts.ts';
export { aloneHub, type Hubs, sharedHub } from './hubs/hubs.ts';
export { hubListRoutes } from './hubs/routes.ts';
export { createIntake, type Intake } from './intake.ts';
export { maskServices } from './mask.ts';
export { meshRoutes } from './mesh/routes.ts';
export { intakeRoutes } from './routes.ts';
