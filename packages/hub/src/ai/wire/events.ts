import { createParser } from 'eventsource-parser';

export type WireEvent = { event?: string | undefined; data: string };

const MAX_EVENT = 8 * 1024 * 1024;
const [LF, CR] = [10, 13];

/** Where the last whole event of the bytes ends; 0 when none does. */
function boundary(bytes: Buffer): number {
  for (let i = bytes.length - 1; i > 0; i--) {
    if (bytes[i] !== LF && bytes[i] !== CR) continue;
    const before = bytes[i - 1];
    if (bytes[i] === LF && before === LF) return i + 1;
    if (bytes[i] === LF && before === CR && i > 2 && bytes[i - 2] === LF && bytes[i - 3] === CR) return i + 1;
    if (bytes[i] === CR && before === CR) return i + 1;
  }
  return 0;
}

/**
 * Cuts a stream at the ends of its events. Bytes are never changed: what is not whole yet waits for the rest of it, so that an error
 * can always be told in between. Throws a RangeError for an event that does not end.
 */
export function createCutter(): { take(chunk: Buffer): Buffer | undefined; rest(): Buffer } {
  let tail: Buffer = Buffer.alloc(0);
  return {
    take(chunk) {
      const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
      const end = boundary(bytes);
      tail = end === bytes.length ? Buffer.alloc(0) : bytes.subarray(end);
      if (tail.length > MAX_EVENT) throw new RangeError('an event of the stream does not end');
      return end === 0 ? undefined : bytes.subarray(0, end);
    },
    rest: () => tail,
  };
}

/** The events of whole pieces. */
export function readEvents(text: string): WireEvent[] {
  const events: WireEvent[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => void events.push({ event, data }) });
  parser.feed(text);
  return events;
}

/** An event as it travels. */
export const writeEvent = ({ event, data }: { event?: string | undefined; data: unknown }): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
