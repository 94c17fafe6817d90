import type { RequestListener } from 'node:http';

/** A product that answers so many requests in a second and no more: the others wait in line, as they do before a small machine. */
export function createLine(handler: RequestListener, perSecond: number): RequestListener {
  const gapMs = 1000 / perSecond;
  let free = 0;
  return (request, response) => {
    const now = performance.now();
    // What it did not use is saved up for a second at most.
    free = Math.max(free, now - 1000) + gapMs;
    const waits = free - now;
    if (waits <= 0) return void handler(request, response);
    const turn = setTimeout(() => handler(request, response), waits);
    response.once('close', () => clearTimeout(turn));
  };
}
