import { parentPort, workerData } from 'node:worker_threads';
import { startPusher } from './pusher.ts';

// A load on a thread of its own, so that what is measured beside it waits for the hub and not for the load's own making.
const pusher = startPusher(workerData);
parentPort?.once('message', async () => {
  await pusher.stop();
  const { acked, refusals, answers } = pusher;
  parentPort?.postMessage({ acked, refusals, answers });
});
