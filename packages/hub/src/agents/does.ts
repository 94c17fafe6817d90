import type { AgentName } from '@orrery/protocol';

/** What each of the seven does, in one sentence. */
export const DOES = {
  Monitor: 'Checks every service, takes in what products push, and turns what is wrong into alerts that reach people.',
  Diagnostic: 'Gathers what changed around an incident and ranks its causes by that evidence.',
  Repair: 'Does what a policy allows about a service in trouble, within its limits, and checks whether it helped.',
  Learning: 'Draws from how repairs ended and from the days before what helps and what could be better.',
  Predictive: 'Forecasts metrics over the next 72 hours and says which will cross their limits.',
  Security: 'Looks for attacks in traced requests and failed sign-ins, and keeps what it found without the secrets.',
  Performance: 'Compares routes and statements with their own past and names what is slow, and why.',
} as const satisfies Record<AgentName, string>;
