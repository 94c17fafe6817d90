export type { DrillApi, Ground } from './ground.ts';
export { DrillDeclaration } from './grounds/declaration.ts';
export { declaredGround, Refused } from './grounds/declared.ts';
export { dockerGround } from './grounds/docker.ts';
export { fleetGround } from './grounds/fleet.ts';
export type { OwnHub } from './grounds/own-hub.ts';
export { choose } from './plan.ts';
export { NotSettled, runDrill } from './run.ts';
export { inSeconds, type Report } from './score.ts';
