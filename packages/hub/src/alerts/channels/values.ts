import { Alert, HealNews } from '@orrery/protocol';
import type { Outgoing, SendContext } from './channel.ts';
import { message } from './message.ts';

/** What a template may name, by path. */
export function templateValues(outgoing: Outgoing, context: Pick<SendContext, 'publicUrl' | 'projectOf'>) {
  const { id, notification, possibleRepeat } = outgoing;
  const { alert, type, at, heal } = notification;
  const told = message(outgoing, context);
  const project = context.projectOf?.(alert.project);
  return {
    id,
    type,
    at,
    possibleRepeat,
    state: told.state,
    subject: told.subject,
    notes: told.notes.join('\n'),
    link: told.link,
    alert,
    heal,
    project: {
      slug: alert.project,
      name: project?.name ?? alert.project,
      tags: project?.tags ?? [],
      teams: project?.teams ?? [],
      domain: project?.domain,
    },
  };
}

const FIELDS: Readonly<Record<keyof ReturnType<typeof templateValues>, readonly string[]>> = {
  id: [],
  type: [],
  at: [],
  possibleRepeat: [],
  state: [],
  subject: [],
  notes: [],
  link: [],
  alert: Object.keys(Alert.shape),
  heal: Object.keys(HealNews.shape),
  project: ['slug', 'name', 'tags', 'teams', 'domain'],
};

/** Every path that a template may name. */
export const TEMPLATE_PATHS: readonly string[] = Object.entries(FIELDS).flatMap(([name, inner]) => [
  name,
  ...inner.map((field) => `${name}.${field}`),
]);
