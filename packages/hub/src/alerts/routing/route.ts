import type { RouteDeclaration } from '@orrery/protocol';
import { matches, mismatch, type ProjectWords, type Subject } from './match.ts';
import { quietUntil } from './quiet.ts';

/** A channel that is to be told, by which route (null without routes), and not before when (epoch ms; `now` when at once). */
export type Led = { channel: string; route: string | null; notBefore: number };
/** A route that an alert takes, and which of its channels want to hear of such an alert. */
export type Taken = { route: RouteDeclaration; channels: string[]; notBefore: number };
export type Step = { route: string; taken: boolean; reason: string };
export type Routed = {
  led: Led[];
  taken: Taken[];
  /** How every route was decided on, in words, as far as they were looked at; none without routes. */
  steps(): Step[];
};

/** What a channel says to an alert that a route sends it: undefined when it takes it, else why not. */
export type Refusal = (channel: string, subject: Pick<Subject, 'project' | 'severity'>) => string | undefined;

export type Table = {
  /** In order; without any, every channel is told by its own filter. */
  routes: readonly RouteDeclaration[];
  /** The names of all declared channels. */
  channels: readonly string[];
  refusal: Refusal;
};

/** Pure: who is to be told of an alert, and when. The first route that matches decides, and those after it while it says `continue`. */
export function route(
  subject: Subject,
  known: ProjectWords,
  { routes, channels, refusal }: Table,
  now: number,
): Routed {
  if (routes.length === 0) {
    const wanting = channels.filter((channel) => refusal(channel, subject) === undefined);
    return { led: wanting.map((channel) => ({ channel, route: null, notBefore: now })), taken: [], steps: () => [] };
  }
  const taken: Taken[] = [];
  let looked = 0;
  for (const each of routes) {
    looked += 1;
    if (!matches(each.match, subject, known)) continue;
    taken.push({
      route: each,
      channels: each.channels.filter((channel) => refusal(channel, subject) === undefined),
      notBefore: quietUntil(each.quietHours, subject.severity, now),
    });
    if (!each.continue) break;
  }
  const led = new Map<string, Led>();
  for (const { route: by, channels: each, notBefore } of taken)
    for (const channel of each) {
      const before = led.get(channel);
      if (!before || notBefore < before.notBefore) led.set(channel, { channel, route: by.name, notBefore });
    }
  const steps = () =>
    routes.slice(0, looked).map((each): Step => {
      const against = mismatch(each.match, subject, known);
      if (against !== undefined) return { route: each.name, taken: false, reason: against };
      const refused = each.channels.flatMap((channel) => refusal(channel, subject) ?? []);
      const quiet = taken.some((one) => one.route === each && one.notBefore > now);
      return { route: each.name, taken: true, reason: words(each, refused, quiet) };
    });
  return { led: [...led.values()], taken, steps };
}

function words(route: RouteDeclaration, refused: readonly string[], quiet: boolean): string {
  const parts = [
    Object.values(route.match).some((value) => value !== undefined) ? 'everything it asks for holds' : 'it takes all',
    ...(route.channels.length === 0 ? ['it leads to nobody'] : []),
    ...refused,
    ...(quiet ? ['quiet hours'] : []),
    ...(route.continue ? ['the routes after it are looked at too'] : []),
  ];
  return parts.join('; ');
}
