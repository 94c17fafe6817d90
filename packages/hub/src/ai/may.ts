import { authorize, authorizeFeature, type Caller } from '../access/index.ts';

/** Lets those pass who may run AI, for this project where one is named, and whose tenant has it. */
export function authorizeAi(caller: Caller, project?: string): void {
  authorize(caller, 'ai:run', project);
  authorizeFeature(caller, 'ai');
}
