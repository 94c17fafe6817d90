import type { Agent, AgentState } from '@orrery/protocol';
import type { Tone } from '../ui/state.ts';

export const AGENT_STATE: Record<AgentState, { tone: Tone; word: string }> = {
  well: { tone: 'ok', word: 'Well' },
  failing: { tone: 'warn', word: 'Failing' },
  stuck: { tone: 'bad', word: 'Stuck' },
  idle: { tone: 'none', word: 'Idle' },
  waiting: { tone: 'warn', word: 'Waiting' },
  off: { tone: 'quiet', word: 'Off' },
};

/** How all of them are, in a few words. */
export function inShort(agents: readonly Pick<Agent, 'state'>[]): { tone: Tone; word: string } {
  const ill = agents.filter(({ state }) => state === 'failing' || state === 'stuck' || state === 'waiting');
  if (ill.length > 0)
    return { tone: ill.some(({ state }) => state === 'stuck') ? 'bad' : 'warn', word: `${ill.length} in trouble` };
  const well = agents.filter(({ state }) => state === 'well').length;
  return { tone: 'ok', word: `${well} of ${agents.length} at work` };
}
