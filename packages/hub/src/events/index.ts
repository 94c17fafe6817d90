export { createEvents, type Events, type NewEvent } from './events.ts';
export { eventRoutes } from './routes.ts';
export type { EventRow, EventTables } from './tables.ts';
