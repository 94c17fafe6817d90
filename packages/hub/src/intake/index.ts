export type { Facts } from './facts.ts';
export { aloneHub, type Hubs, sharedHub } from './hubs/hubs.ts';
export { hubListRoutes } from './hubs/routes.ts';
export { createIntake, type Intake } from './intake.ts';
export { maskIdentity, maskPerformance, maskServices } from './mask.ts';
export { healthOf } from './mesh/announcement.ts';
export { createAnnouncer } from './mesh/announcer.ts';
export { createInstanceDoor } from './mesh/instance.ts';
export { instanceRoutes, type ProjectSpeaker } from './mesh/instanceRoutes.ts';
export { namespacesOf } from './mesh/namespaces.ts';
export { meshRoutes } from './mesh/routes.ts';
export { type MeshCredentials, nextCredentials, serverText, usersText } from './mesh/users.ts';
export {
  inWords as postgresErrorInWords,
  isServerError as isPostgresError,
  postgresPlace,
  toFailure as postgresFailure,
  withPostgres,
} from './probes/postgresSession.ts';
export { intakeRoutes } from './routes.ts';
