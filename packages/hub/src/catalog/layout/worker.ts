import { parentPort } from 'node:worker_threads';
import { arrange, type Topology } from './arrange.ts';

parentPort?.once('message', (topology: Topology) => parentPort?.postMessage(arrange(topology)));
