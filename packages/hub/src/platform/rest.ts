import { performance } from 'node:perf_hooks';

const LOOK_MS = 60_000;
/** Busy for a smaller share of the time than this is at rest. */
const CALM = 0.1;
/** Less is not worth a collection, which takes a tenth of a second. */
const WORTH_BYTES = 12 * 1024 ** 2;

/** Pure: whether now is the time to collect: nobody waits for the loop, and what it holds has grown since the last time. */
export const isTimeToCollect = (now: { utilization: number; rss: number; restRss: number }): boolean =>
  now.utilization < CALM && now.rss - now.restRss >= WORTH_BYTES;

/**
 * Gives memory back while the process is at rest: the engine collects when much was made, not when there is time, and hands pages back only
 * when it is told that memory is short. `collect` is that; returns the way to stop looking.
 */
export function collectAtRest(collect: () => unknown): () => void {
  let restRss = process.memoryUsage.rss();
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (!isTimeToCollect({ utilization, rss: process.memoryUsage.rss(), restRss })) return;
    collect();
    restRss = process.memoryUsage.rss();
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}
