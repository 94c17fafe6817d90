export { createAutoheal } from './autoheal.ts';
export type { AutohealOptions } from './options.ts';
export { runAutoheal } from './run.ts';
