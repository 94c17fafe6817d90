export type { Facts } from './facts.ts';
export { createIntake, type Intake } from './intake.ts';
export { intakeRoutes } from './routes.ts';
