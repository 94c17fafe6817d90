import type { RequestListener } from 'node:http';
import type { FaultSwitch } from './faults.ts';

const FAILS = 0.02;
const USUAL_DELAY_MS = 25;
const MOST_DELAY_MS = 600;
/** Every so often, garbage enough that the collector has work to do and the event loop stands still. */
const GARBAGE_EVERY_MS = [3000, 9000] as const;
const GARBAGE_OBJECTS = 250_000;

/**
 * An ordinary day of a healthy product: every answer is late by something (25 ms in the mean, exponential, at most 600 ms), one in fifty fails
 * or loses its connection but never two in a row on one path, and the garbage collector stops everything now and then. Nothing of it is
 * trouble: whoever acts on it acts on a healthy product.
 */
export function createNoise(handler: RequestListener, faults: FaultSwitch): RequestListener {
  const failedLast = new Set<string>();
  let garbage: NodeJS.Timeout | undefined;
  const litter = () => {
    const [least, most] = GARBAGE_EVERY_MS;
    garbage = setTimeout(
      () => {
        garbage = undefined;
        if (!faults.noisy) return;
        let kept: { n: number; text: string }[] = [];
        for (let n = 0; n < GARBAGE_OBJECTS; n++) kept.push({ n, text: `litter ${n}` });
        kept = kept.filter(({ n }) => n % 2 === 0);
        litter();
      },
      least + Math.random() * (most - least),
    );
    garbage.unref();
  };
  return (request, response) => {
    if (!faults.noisy) return void handler(request, response);
    if (garbage === undefined) litter();
    const path = request.url?.split('?')[0] ?? '';
    const fails = !failedLast.has(path) && Math.random() < FAILS;
    if (!fails) failedLast.delete(path);
    else if (failedLast.size < 1000) failedLast.add(path);
    const delay = Math.min(MOST_DELAY_MS, -Math.log(1 - Math.random()) * USUAL_DELAY_MS);
    setTimeout(() => {
      if (!fails) handler(request, response);
      else if (Math.random() < 0.5) request.socket.destroy();
      else response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"something went wrong"}');
    }, delay);
  };
}
