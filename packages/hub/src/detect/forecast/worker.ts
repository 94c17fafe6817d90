import { parentPort } from 'node:worker_threads';
import { FORECASTERS } from './forecasters/index.ts';
import type { Choice } from './outcome.ts';
import { reckon } from './reckon.ts';

export type Task = { history: Float64Array; earlier?: Choice | undefined };

parentPort?.on('message', ({ history, earlier }: Task) =>
  parentPort?.postMessage(reckon(history, FORECASTERS, earlier)),
);
