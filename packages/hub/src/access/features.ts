import { HubError } from '../platform/errors.ts';
import type { Caller } from './caller.ts';
import { isStaff } from './scope.ts';

/** Features that every tenant has until its declaration says `no-…`; every other one is had by being named. */
const ON_BY_DEFAULT: ReadonlySet<string> = new Set(['ai']);

/** Whether a feature is switched on for the caller's tenant: the one place that reads the flags. Staff have every feature. */
export function hasFeature(caller: Caller, name: string): boolean {
  if (isStaff(caller)) return true;
  const features = caller.features ?? new Set();
  return !features.has(`no-${name}`) && (ON_BY_DEFAULT.has(name) || features.has(name));
}

/** Throws forbidden, with the flag's name, for a caller whose tenant does not have the feature. */
export function authorizeFeature(caller: Caller, name: string): void {
  if (!hasFeature(caller, name))
    throw new HubError('forbidden', `The feature "${name}" is not switched on for this tenant.`);
}
