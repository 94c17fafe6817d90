import { randomUUID } from 'node:crypto';
import { type CloudEvent, MAX_EVENTS_PER_BATCH, MAX_SAMPLES_PER_MESSAGE, type WireSample } from '@orrery/protocol';

export type OutboxLimits = {
  /** Waiting events, in number. */
  maxEvents: number;
  /** Waiting samples, in number. */
  maxSamples: number;
  /** What waits, in bytes of JSON. */
  maxBytes: number;
};
export type Sealed = { id: string; json: string };

/** One batch may hold this many bytes of JSON; a single larger event travels alone. */
const BATCH_BYTES = 512 * 1024;
/** About what one sample takes, as JSON. */
const SAMPLE_BYTES = 150;
const MAX_EVENT_BYTES = 256 * 1024;

/**
 * What waits for the hub, within limits. When memory is short the oldest samples go first, then the oldest events; both are counted.
 * A batch that was taken keeps its events and their ids until it is settled, so a retry is the same message.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #wrap: (subject: string, data: unknown) => CloudEvent;
  readonly #samplesMessage: (samples: WireSample[]) => unknown;
  #events: Sealed[] = [];
  #samples: WireSample[] = [];
  #taken: Sealed[] = [];
  #bytes = 0;
  droppedEvents = 0;
  droppedSamples = 0;

  constructor(
    limits: OutboxLimits,
    wrap: (subject: string, data: unknown) => CloudEvent,
    samplesMessage: (samples: WireSample[]) => unknown,
  ) {
    this.#limits = limits;
    this.#wrap = wrap;
    this.#samplesMessage = samplesMessage;
  }

  get pendingEvents(): number {
    return this.#events.length + this.#taken.length;
  }

  get pendingSamples(): number {
    return this.#samples.length;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0 && this.#samples.length === 0 && this.#taken.length === 0;
  }

  add(event: CloudEvent): { queued: true; id: string } | { queued: false; reason: string } {
    const json = seal(event);
    if (json === undefined) return { queued: false, reason: 'data: is no plain JSON' };
    if (Buffer.byteLength(json) > MAX_EVENT_BYTES)
      return { queued: false, reason: `data: is larger than ${MAX_EVENT_BYTES} bytes` };
    this.#events.push({ id: event.id, json });
    this.#bytes += json.length;
    this.#keepToLimits();
    return { queued: true, id: event.id };
  }

  addSamples(samples: readonly WireSample[]): void {
    for (const sample of samples) this.#samples.push(sample);
    this.#keepToLimits();
  }

  /** The batch to send now: the one taken before, if it was not settled, else what has waited longest. */
  take(): Sealed[] {
    if (this.#taken.length > 0) return this.#taken;
    const batch: Sealed[] = [];
    let bytes = 2;
    const fits = (json: string) =>
      batch.length === 0 || (batch.length < MAX_EVENTS_PER_BATCH && bytes + json.length < BATCH_BYTES);
    while (this.#events[0] && fits(this.#events[0].json)) {
      const event = this.#events.shift() as Sealed;
      this.#bytes -= event.json.length;
      bytes += event.json.length + 1;
      batch.push(event);
    }
    if (this.#samples.length > 0 && batch.length < MAX_EVENTS_PER_BATCH) {
      const message = this.#sealSamples(BATCH_BYTES - bytes);
      if (message) batch.push(message);
    }
    this.#taken = batch;
    return batch;
  }

  /** Ends the taken batch: `keep` stays to be sent again. */
  settle(keep: Sealed[] = []): void {
    this.#taken = keep;
  }

  /** As many waiting samples as fit in a message of about `room` bytes. */
  #sealSamples(room: number): Sealed | undefined {
    const count = Math.min(this.#samples.length, MAX_SAMPLES_PER_MESSAGE, Math.floor(room / SAMPLE_BYTES));
    if (count < 1) return undefined;
    const event = this.#wrap('metrics.samples', this.#samplesMessage(this.#samples.splice(0, count)));
    return { id: event.id, json: JSON.stringify(event) };
  }

  #keepToLimits(): void {
    const { maxEvents, maxSamples, maxBytes } = this.#limits;
    this.#dropSamples(this.#samples.length - maxSamples);
    const excess = this.#bytes + this.#samples.length * SAMPLE_BYTES - maxBytes;
    this.#dropSamples(Math.min(this.#samples.length, Math.ceil(excess / SAMPLE_BYTES)));
    while (this.#events.length > maxEvents || (this.#bytes > maxBytes && this.#events.length > 1)) {
      this.#bytes -= this.#events.shift()?.json.length ?? 0;
      this.droppedEvents++;
    }
  }

  #dropSamples(count: number): void {
    if (count <= 0) return;
    this.#samples.splice(0, count);
    this.droppedSamples += count;
  }
}

function seal(event: CloudEvent): string | undefined {
  try {
    return JSON.stringify(event);
  } catch {
    return undefined;
  }
}

/** A CloudEvent of this project: type = the mesh subject with its namespace. */
export function cloudEvent(
  meshNs: string,
  source: string,
  subject: string,
  data: unknown,
  given: { id?: string; time?: Date } = {},
): CloudEvent {
  return {
    specversion: '1.0',
    id: given.id ?? randomUUID(),
    source,
    type: `${meshNs}.${subject}`,
    time: (given.time ?? new Date()).toISOString(),
    datacontenttype: 'application/json',
    data,
  };
}
