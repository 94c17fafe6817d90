import { type CloudEvent, MAX_EVENTS_PER_BATCH, type WireSample } from '@orrery/protocol';
import type { OpenLink, Outcome, Refusal } from './link.ts';
import { Outbox, type OutboxLimits, type Sealed } from './outbox.ts';

export type Queued = { queued: true; id: string } | { queued: false; reason: string };

export type DeliveryStatus = {
  pendingEvents: number;
  pendingSamples: number;
  /** Given up because the buffer was full. */
  droppedEvents: number;
  droppedSamples: number;
  accepted: number;
  duplicates: number;
  refused: number;
  /** Failed attempts since the last success. */
  failures: number;
  lastError?: string;
  lastDeliveredAt?: string;
};

export type EmitterOptions = {
  link: OpenLink;
  limits: OutboxLimits;
  /** Back-off between attempts: full jitter below `base * 2^n`, at most `cap`, in ms. */
  backoff: { baseMs: number; capMs: number };
  onRefused: (refusal: Refusal) => void;
  onError: (reason: string) => void;
  wrap: (subject: string, data: unknown) => CloudEvent;
  samplesMessage: (samples: WireSample[]) => unknown;
};

export type Emitter = {
  add(event: CloudEvent): Queued;
  addSamples(samples: readonly WireSample[]): void;
  /** Sends what waits; true when all of it was settled before the deadline. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Flushes, then sends nothing more. */
  stop(timeoutMs: number): Promise<boolean>;
  status(): DeliveryStatus;
};

const EVENT_LINGER_MS = 100;
const SAMPLE_LINGER_MS = 1000;
/** While someone waits for a flush, a dead hub is asked again at least this often. */
const FLUSH_CAP_MS = 200;

/** Delivers the outbox to the hub, one batch at a time, until the hub has answered for every event. */
export function createEmitter(options: EmitterOptions): Emitter {
  const outbox = new Outbox(options.limits, options.wrap, options.samplesMessage);
  const counts = { accepted: 0, duplicates: 0, refused: 0, failures: 0 };
  let lastError: string | undefined;
  let lastDeliveredAt: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let sending = false;
  let stopped = false;
  let batchLimit = MAX_EVENTS_PER_BATCH;
  let waiters: (() => void)[] = [];

  const schedule = (inMs: number) => {
    const at = performance.now() + inMs;
    if (stopped || sending || at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => void drain(), inMs).unref();
  };

  const drain = async (): Promise<void> => {
    if (sending || stopped) return;
    sending = true;
    clearTimeout(timer);
    dueAt = Number.POSITIVE_INFINITY;
    let pauseMs: number | undefined;
    while (!outbox.isEmpty && pauseMs === undefined && !stopped) {
      const taken = outbox.take();
      const batch = taken.slice(0, batchLimit);
      const outcome = await options.link.deliver(batch);
      pauseMs = apply(outcome, taken, batch);
    }
    sending = false;
    if (pauseMs !== undefined) schedule(waiters.length > 0 ? Math.min(pauseMs, FLUSH_CAP_MS) : pauseMs);
    else if (outbox.isEmpty) {
      const done = waiters;
      waiters = [];
      for (const resolve of done) resolve();
    }
  };

  /** Takes note of an outcome; the answer is how long to wait before the next attempt, if at all. */
  const apply = (outcome: Outcome, taken: readonly Sealed[], batch: readonly Sealed[]): number | undefined => {
    if (outcome.kind === 'later') {
      counts.failures++;
      lastError = outcome.reason;
      if (counts.failures === 1) tell(() => options.onError(outcome.reason));
      const ceiling = Math.min(options.backoff.capMs, options.backoff.baseMs * 2 ** Math.min(counts.failures, 20));
      return Math.max(outcome.afterMs ?? 0, Math.random() * ceiling);
    }
    if (outcome.kind === 'unacceptable' && batch.length > 1) {
      batchLimit = Math.ceil(batch.length / 2);
      return undefined;
    }
    counts.failures = 0;
    if (outcome.kind === 'settled') {
      counts.accepted += outcome.accepted;
      counts.duplicates += outcome.duplicates;
    }
    const refused =
      outcome.kind === 'settled' ? outcome.refused : batch.map(({ id }) => ({ id, field: '', reason: outcome.reason }));
    counts.refused += refused.length;
    for (const refusal of refused) tell(() => options.onRefused(refusal));
    if (outcome.kind === 'settled') {
      lastError = undefined;
      lastDeliveredAt = new Date().toISOString();
      batchLimit = Math.min(MAX_EVENTS_PER_BATCH, batchLimit * 2);
    }
    outbox.settle(taken.slice(batch.length));
    return undefined;
  };

  const flush = async (timeoutMs: number): Promise<boolean> => {
    if (outbox.isEmpty) return true;
    let deadline: NodeJS.Timeout | undefined;
    const settled = new Promise<boolean>((resolve) => {
      waiters.push(() => resolve(true));
      // This timer does keep the process alive: somebody waits for the flush.
      deadline = setTimeout(() => resolve(outbox.isEmpty), timeoutMs);
    });
    void drain();
    try {
      return await settled;
    } finally {
      clearTimeout(deadline);
    }
  };

  return {
    add(event) {
      if (stopped) return { queued: false, reason: 'the instance is stopped' };
      const queued = outbox.add(event);
      if (queued.queued && counts.failures === 0) schedule(EVENT_LINGER_MS);
      return queued;
    },
    addSamples(samples) {
      if (stopped || samples.length === 0) return;
      outbox.addSamples(samples);
      if (counts.failures === 0) schedule(SAMPLE_LINGER_MS);
    },
    flush,
    async stop(timeoutMs) {
      const all = await flush(timeoutMs);
      stopped = true;
      clearTimeout(timer);
      await options.link.close();
      return all;
    },
    status: () => ({
      pendingEvents: outbox.pendingEvents,
      pendingSamples: outbox.pendingSamples,
      droppedEvents: outbox.droppedEvents,
      droppedSamples: outbox.droppedSamples,
      ...counts,
      ...(lastError === undefined ? {} : { lastError }),
      ...(lastDeliveredAt === undefined ? {} : { lastDeliveredAt }),
    }),
  };
}

/** A product's callback must not stop the delivery. */
function tell(callback: () => void): void {
  try {
    callback();
  } catch {
    // It is the product's own error, and it has no caller to go to.
  }
}
