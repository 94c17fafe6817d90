import type { OpsEvent } from '@orrery/protocol';
import { queryClient } from '../queries.ts';
import { createLive, useLiveState } from './live.ts';
import type { LiveState } from './state.ts';

/** Which facts an event makes old. The hub's events are the reason to ask again, never the data itself. */
function onEvent(event: OpsEvent): void {
  const stale = (...keys: string[]) => {
    for (const key of keys) void queryClient.invalidateQueries({ queryKey: [key] });
  };
  if (event.type.startsWith('alert.')) stale('alerts', 'alert');
  else if (event.type.startsWith('probe.')) stale('health', 'projects', 'graph');
  else if (event.type.startsWith('project.')) stale('projects', 'project', 'health', 'graph');
  else if (event.type.startsWith('config.')) stale('config', 'projects', 'channels', 'graph');
}

export const live = createLive(onEvent, () => void queryClient.invalidateQueries());

export const useLive = (): LiveState => useLiveState(live);
