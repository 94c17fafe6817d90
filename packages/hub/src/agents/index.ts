export { createAgents, type SevenAgents } from './agents.ts';
export { enabledAgents, HEALING_OFF } from './enabled.ts';
export { agentRoutes } from './routes.ts';
export { createSystem, type SystemDeps } from './system.ts';
