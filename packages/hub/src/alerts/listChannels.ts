import type { ChannelView } from '@orrery/protocol';
import { authorize, type Caller, sees } from '../access/index.ts';
import { iso } from '../platform/clock.ts';
import { HubError } from '../platform/errors.ts';
import type { ChannelBook, DeclaredChannel } from './channelBook.ts';
import { targetOf } from './channels/index.ts';
import type { AlertContext } from './context.ts';
import { type AlertTables, UNSETTLED } from './tables.ts';

/** A channel that speaks of other projects only does not exist for the caller. */
export const visibleTo = (caller: Caller, { declaration: { projects } }: DeclaredChannel): boolean =>
  projects === undefined || projects.some((project) => sees(caller, project));

/** The declared channel; throws not_found also for one that only speaks of projects that the caller may not see. */
export function findChannel(book: ChannelBook, caller: Caller, name: string): DeclaredChannel {
  const channel = book.get(name);
  if (!channel || !visibleTo(caller, channel)) throw new HubError('not_found', 'There is no such channel.');
  return channel;
}

/** The declared channels and how they do, secrets masked. */
export async function channels({ db, book }: AlertContext, caller: Caller): Promise<ChannelView[]> {
  authorize(caller, 'ops:view');
  const q = db.withTables<AlertTables>();
  const states = new Map((await q.selectFrom('channel_states').selectAll().execute()).map((row) => [row.name, row]));
  const waiting = new Map(
    (
      await q
        .selectFrom('deliveries')
        .select((eb) => ['channel', eb.fn.countAll<number>().as('count')])
        .where(UNSETTLED)
        .groupBy('channel')
        .execute()
    ).map((row) => [row.channel, Number(row.count)]),
  );
  return book
    .all()
    .filter((channel) => visibleTo(caller, channel))
    .map(({ declaration, ref }) => {
      const { name, kind, severities, projects } = declaration;
      const state = states.get(name);
      return {
        name,
        kind,
        target: targetOf(declaration),
        ...(severities === undefined ? {} : { severities: [...severities] }),
        ...(projects === undefined ? {} : { projects: projects.filter((project) => sees(caller, project)) }),
        declaredIn: ref,
        pending: waiting.get(name) ?? 0,
        ...(state?.last_delivered_at ? { lastDeliveredAt: iso(state.last_delivered_at) } : {}),
        ...(state?.last_error ? { lastError: state.last_error } : {}),
      };
    });
}
