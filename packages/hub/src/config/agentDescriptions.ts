const SWITCHED = {
  diagnostic: 'Ranks the causes of incidents.',
  repair: 'Does what policies allow. Off, nothing acts, whatever `repair.enabled` says.',
  learning: 'Learns from how repairs ended, and analyses the day before.',
  predictive: 'Forecasts metrics.',
  security: 'Looks for attacks in traced requests.',
  performance: 'Compares routes and statements with their own past.',
} as const;

/** What the keys of agents mean. */
export const AGENT_DESCRIPTIONS: Readonly<Record<string, string>> = {
  agents: 'Which of the seven agents run. A change takes effect while the hub runs.',
  'agents.monitor': 'Watches and alerts.',
  'agents.monitor.enabled': 'Always true: without it nothing is watched.',
  ...Object.fromEntries(
    Object.entries(SWITCHED).flatMap(([agent, does]) => [
      [`agents.${agent}`, does],
      [`agents.${agent}.enabled`, 'Whether it runs.'],
    ]),
  ),
};
