import type { AgentName } from '@orrery/protocol';
import type { JobDefinition } from '../platform/jobs.ts';

/** Said of Repair where no policy may act. */
export const HEALING_OFF =
  'It acts on nothing: set ENABLE_SELF_HEALING=true, or write `repair: { enabled: true }` into orrery.yaml.';

type Switches = { readonly agents: Readonly<Record<Lowercase<AgentName>, { readonly enabled: boolean }>> };

/** Whether the configuration of now lets an agent run; the hub's own jobs always do. */
export const enabledAgents =
  (file: () => Switches) =>
  (agent: JobDefinition['agent']): boolean =>
    agent === 'Hub' || file().agents[agent.toLowerCase() as Lowercase<AgentName>].enabled;
