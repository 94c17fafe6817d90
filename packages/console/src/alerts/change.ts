import { notifications } from '@mantine/notifications';
import type { Alert } from '@orrery/protocol';
import { type InfiniteData, useMutation, useMutationState } from '@tanstack/react-query';
import { api, type Page } from '../api.ts';
import { queryClient } from '../queries.ts';
import type { Verb } from './verbs.ts';

type Change = { id: string; verb: Verb };

export const DOING: Record<Verb, string> = {
  acknowledge: 'Acknowledging…',
  resolve: 'Resolving…',
  ignore: 'Ignoring…',
};
export const DONE: Record<Verb, string> = { acknowledge: 'acknowledged', resolve: 'resolved', ignore: 'ignored' };

const KEY = ['change-alert'];

/** Puts the hub's newest word on an alert wherever the alert is shown. */
function replace(alert: Alert): void {
  queryClient.setQueryData(['alert', alert.id], alert);
  queryClient.setQueriesData<InfiniteData<Page<Alert>>>(
    { queryKey: ['alerts'] },
    (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({
          ...page,
          items: page.items.map((item) => (item.id === alert.id ? alert : item)),
        })),
      },
  );
}

const run = ({ id, verb }: Change) => api.changeAlert(id, verb);

/**
 * Changes one alert. The page says at once what is under way, and shows the new state when the hub has said so;
 * a refusal is told in the hub's words and nothing pretends to have happened.
 */
export function useChangeAlert() {
  return useMutation({
    mutationKey: KEY,
    mutationFn: run,
    onSuccess: replace,
    onError: (error, { verb }) => {
      notifications.show({ title: `The alert was not ${DONE[verb]}`, message: error.message, role: 'alert' });
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['alerts'] }),
  });
}

/** Changes several, four at a time, and says once how it went. */
export async function changeMany(ids: readonly string[], verb: Verb): Promise<void> {
  const queue = [...ids];
  const failed: string[] = [];
  const cache = queryClient.getMutationCache();
  const worker = async () => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      const mutation = cache.build(queryClient, { mutationKey: KEY, mutationFn: run });
      await mutation.execute({ id, verb }).then(replace, (error: Error) => failed.push(error.message));
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, ids.length) }, worker));
  const done = ids.length - failed.length;
  notifications.show({
    title: failed.length === 0 ? `${done} ${DONE[verb]}` : `${done} of ${ids.length} ${DONE[verb]}`,
    message: failed[0] ?? 'The hub has taken all of them.',
  });
  await queryClient.invalidateQueries({ queryKey: ['alerts'] });
}

/** The changes that are under way, by alert. */
export function usePendingChanges(): ReadonlyMap<string, Verb> {
  const changes = useMutationState({
    filters: { mutationKey: KEY, status: 'pending' },
    select: (mutation) => mutation.state.variables as Change,
  });
  return new Map(changes.map(({ id, verb }) => [id, verb]));
}
