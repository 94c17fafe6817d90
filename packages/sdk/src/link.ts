import { CLOUDEVENT_BATCH_TYPE, EventReceipt } from '@orrery/protocol';
import type { Sealed } from './outbox.ts';
import { post } from './post.ts';

export type Refusal = { id: string; field: string; reason: string };

/** What came of a batch: all of it answered for, to be sent again as a whole, or not to be sent in this form ever. */
export type Outcome =
  | { kind: 'settled'; accepted: number; duplicates: number; refused: Refusal[] }
  | { kind: 'later'; reason: string; afterMs?: number }
  | { kind: 'unacceptable'; reason: string };

/** An answer as HTTP has it, whatever carries it. */
export type Answer = { status: number; body: string };

/** The way to the hub while it is open. */
export type OpenLink = {
  deliver(batch: readonly Sealed[]): Promise<Outcome>;
  close(): Promise<void>;
};

/** A way to the hub that a product chooses: see `@orrery/sdk/nats`. */
export type HubLink = {
  open(project: {
    slug: string;
    meshNs: string;
    timeoutMs: number;
    /** Answers what the hub asks of this project, signature and all. */
    ask(headers: Headers, body: Uint8Array): Promise<Answer>;
    onError(reason: string): void;
  }): OpenLink;
};

/** Batches of CloudEvents to the hub's event door. */
export function httpLink(options: { url: string; key: string; timeoutMs: number }): OpenLink {
  const target = new URL(`${options.url.replace(/\/+$/, '')}/api/fed/events`);
  return {
    async deliver(batch) {
      const answer = await post(
        target,
        { 'content-type': CLOUDEVENT_BATCH_TYPE, 'x-api-key': options.key, accept: 'application/json' },
        `[${batch.map((event) => event.json).join(',')}]`,
        options.timeoutMs,
      );
      if (answer.kind === 'failed') return { kind: 'later', reason: answer.reason };
      const { status, body, retryAfterMs } = answer;
      if (status >= 200 && status < 300) return readReceipt(body);
      const reason = `the hub answered ${status}`;
      if ([400, 413, 415, 422].includes(status)) return { kind: 'unacceptable', reason };
      return { kind: 'later', reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
    },
    close: async () => undefined,
  };
}

function readReceipt(body: string): Outcome {
  if (body === '') return { kind: 'settled', accepted: 0, duplicates: 0, refused: [] };
  const receipt = EventReceipt.safeParse(tryJson(body));
  if (!receipt.success) return { kind: 'later', reason: 'the answer is no receipt: is this the address of a hub?' };
  const { accepted, duplicates, refused } = receipt.data;
  return { kind: 'settled', accepted, duplicates, refused };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
