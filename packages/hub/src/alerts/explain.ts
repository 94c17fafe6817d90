import type { AlertContext } from './context.ts';
import { inhibitions, type Living } from './dependencies.ts';
import { routeAlert } from './notify.ts';
import type { Subject } from './routing/match.ts';

/**
 * Of each living alert the alert that explains it, by the declarations of now: people hear of that one alone. An alert of which nobody
 * would hear explains nothing, or an outage would pass without a word.
 */
export const explanations = <A extends Living & Subject>(context: AlertContext, living: readonly A[]) =>
  inhibitions(living, context.dependencies.current(), (cause) => isHeard(context, cause));

function isHeard(context: AlertContext, cause: Living & Subject): boolean {
  if (cause.status === 'acknowledged' || context.book.names().length === 0) return true;
  const { led, taken } = routeAlert(context, cause, context.clock.now());
  return led.length > 0 || taken.some(({ route }) => route.escalate.length > 0);
}
