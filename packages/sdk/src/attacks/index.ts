export { actorOf } from './actor.ts';
export { FAMILIES, type InspectedFamily } from './families/index.ts';
export { type Inspected, inspect, type Sign } from './inspect.ts';
export { type AttackOptions, type AttackWatch, createAttackWatch, type SeenRequest } from './watch.ts';
