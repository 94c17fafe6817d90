import { parseDuration, type RouteTestInput, type RouteTestResult, type RouteView } from '@orrery/protocol';
import type { z } from 'zod';
import { authorize, type Caller } from '../../access/index.ts';
import { iso } from '../../platform/clock.ts';
import type { AlertContext } from '../context.ts';
import { visibleTo } from '../listChannels.ts';
import { routeAlert } from '../notify.ts';
import { loadHolds } from './holds.ts';
import type { Routed } from './route.ts';
import { concerns, shownMatch } from './scope.ts';

/** The declared routes in their order; of those that speak of hidden projects alone the caller sees nothing. */
export function listRoutes({ routes }: AlertContext, caller: Caller): RouteView[] {
  authorize(caller, 'ops:view');
  return routes
    .all()
    .filter(({ declaration }) => concerns(caller, declaration.match))
    .map(({ declaration, ref }) => ({ ...declaration, match: shownMatch(caller, declaration.match), declaredIn: ref }));
}

/** Who would be told of such an alert, when and why; nothing is sent. */
export async function tryRoutes(
  context: AlertContext,
  caller: Caller,
  input: z.output<typeof RouteTestInput>,
): Promise<RouteTestResult> {
  authorize(caller, 'ops:view', input.project);
  const at = input.at === undefined ? context.clock.now() : Date.parse(input.at);
  const subject = { ...input, service: input.service ?? null };
  const routed = routeAlert(context, subject, at);
  const hold = (await loadHolds(context, context.db, at))(subject);
  const told = [...opened(routed), ...later(routed, (channel) => context.book.refusal(channel, subject) === undefined)];
  const visible = new Set(listRoutes(context, caller).map(({ name }) => name));
  return {
    told: told.filter(({ channel }) => {
      const declared = context.book.get(channel);
      return declared !== undefined && visibleTo(caller, declared);
    }),
    routes: routed.steps().filter(({ route }) => visible.has(route)),
    ...(hold === undefined ? {} : { heldBy: hold.reason }),
    summary: summary(context, routed, hold?.reason, at),
  };
}

type Told = RouteTestResult['told'];

const opened = ({ led }: Routed): Told =>
  led.map(({ channel, route, notBefore }) => ({
    channel,
    ...(route === null ? {} : { route }),
    type: 'alert.opened',
    at: iso(notBefore),
  }));

const later = ({ taken }: Routed, takes: (channel: string) => boolean): Told =>
  taken.flatMap(({ route, channels, notBefore }) => [
    ...(route.repeatEvery === undefined
      ? []
      : channels.map((channel) => ({
          channel,
          route: route.name,
          type: 'alert.reminder' as const,
          at: iso(notBefore + (parseDuration(route.repeatEvery ?? '') ?? 0)),
          every: route.repeatEvery,
        }))),
    ...route.escalate.flatMap((step) =>
      step.channels.filter(takes).map((channel) => ({
        channel,
        route: route.name,
        type: 'alert.escalated' as const,
        at: iso(notBefore + (parseDuration(step.after) ?? 0)),
      })),
    ),
  ]);

function summary({ book, routes }: AlertContext, { led, taken }: Routed, held: string | undefined, at: number): string {
  if (held !== undefined) return `Nobody would be told while this lasts: ${held}.`;
  if (led.length > 0) {
    const now = led.filter(({ notBefore }) => notBefore <= at).map(({ channel }) => channel);
    const after = led.filter(({ notBefore }) => notBefore > at).map(({ channel }) => channel);
    return [
      ...(now.length > 0 ? [`Told at once: ${now.join(', ')}.`] : []),
      ...(after.length > 0 ? [`Told after the quiet hours: ${after.join(', ')}.`] : []),
    ].join(' ');
  }
  if (book.names().length === 0) return 'Nobody would be told: no channel is declared.';
  if (routes.all().length === 0) return 'Nobody would be told: no channel takes such an alert.';
  return taken.length === 0
    ? 'Nobody would be told: no route matches. A last route without "match" takes what is left.'
    : 'Nobody would be told: the routes that match lead to no channel that takes it.';
}
