import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { CLOUDEVENT_BATCH_TYPE } from '@orrery/protocol';

export type Refusal = { status: number; retryAfter: string | null; type: string | null; ms: number };
export type Pusher = {
  /** Ids of the events that were acknowledged: the ground truth of what must be there. */
  acked: Set<string>;
  /** Every answer that was no acknowledgement; status 0 is a connection that failed. */
  refusals: Refusal[];
  /** How long each acknowledged request took, ms, and when it ended. */
  answers: { at: number; ms: number }[];
  stop(): Promise<void>;
  /** Resolves when everything was acknowledged. */
  done: Promise<void>;
};

export type PusherOptions = {
  url: string;
  /** The project's slug; its mesh namespace is `<slug>.mesh`. */
  slug: string;
  key: string;
  /** Requests under way at once. */
  workers: number;
  eventsPerRequest: number;
  /** Requests in all; without end when absent. */
  requests?: number;
  /** Bytes of data in each event. */
  bytes?: number;
  /** How long a worker waits between two requests, ms. */
  everyMs?: number;
  /** Whether what was refused is sent again under the same ids, as the SDK does; otherwise it is given up. */
  again?: boolean;
};

/** Pushes events as a product does, and keeps a log of what the hub said to each request. */
export function startPusher(options: PusherOptions): Pusher {
  const { url, slug, key, workers, eventsPerRequest, requests = Number.POSITIVE_INFINITY, bytes = 10 } = options;
  const { everyMs = 0, again = true } = options;
  const acked = new Set<string>();
  const refusals: Refusal[] = [];
  const answers: { at: number; ms: number }[] = [];
  const filling = 'x'.repeat(bytes);
  let next = 0;
  let stopped = false;

  async function send(ids: readonly string[]): Promise<boolean> {
    const events = ids.map((id) => ({
      specversion: '1.0',
      id,
      source: `urn:${slug}`,
      type: `${slug}.mesh.events.tick`,
      time: new Date().toISOString(),
      data: { filling },
    }));
    const began = performance.now();
    try {
      const response = await fetch(`${url}/api/fed/events`, {
        method: 'POST',
        headers: { 'content-type': CLOUDEVENT_BATCH_TYPE, 'x-api-key': key },
        body: JSON.stringify(events),
        signal: AbortSignal.timeout(30_000),
      });
      const { status, headers } = response;
      await response.arrayBuffer();
      const ms = performance.now() - began;
      if (status === 200) {
        for (const id of ids) acked.add(id);
        answers.push({ at: performance.now(), ms });
        return true;
      }
      refusals.push({ status, retryAfter: headers.get('retry-after'), type: headers.get('content-type'), ms });
    } catch {
      refusals.push({ status: 0, retryAfter: null, type: null, ms: performance.now() - began });
    }
    return false;
  }

  async function work(): Promise<void> {
    while (!stopped && next < requests) {
      const number = next++;
      const ids = Array.from({ length: eventsPerRequest }, (_, n) => `${slug}-${number}-${n}`);
      while (!stopped && !(await send(ids)) && again) await pause(100);
      if (everyMs > 0) await pause(everyMs);
    }
  }

  const done = Promise.all(Array.from({ length: workers }, work)).then(() => undefined);
  return {
    acked,
    refusals,
    answers,
    done,
    async stop() {
      stopped = true;
      await done;
    },
  };
}

export type Pushed = Pick<Pusher, 'acked' | 'refusals' | 'answers'>;

/** Pushes on another thread; the log comes with the end. */
export function pushElsewhere(options: PusherOptions): { stop(): Promise<Pushed> } {
  const worker = new Worker(new URL('./pusher.worker.ts', import.meta.url), { workerData: options });
  return {
    async stop() {
      const said = once(worker, 'message');
      worker.postMessage('stop');
      const [log] = await said;
      await worker.terminate();
      return log;
    },
  };
}

/** The value below which `share` of them lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
