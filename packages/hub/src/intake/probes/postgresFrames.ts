import type { Duplex } from 'node:stream';
import { OutboundError } from '../../platform/outbound.ts';

const HEADER = 5;
const [ERROR, NOTICE] = [0x45, 0x4e];

/**
 * Lets only whole, sound messages through to the listeners of a stream: the parser behind it trusts its server, and would throw at a short
 * message, or go round for ever in one without an end. The stream is destroyed at the first that is not sound.
 */
export function onlyWholeMessages(stream: Duplex): void {
  const emit = stream.emit.bind(stream);
  let rest = Buffer.alloc(0);
  stream.emit = (event: string | symbol, ...given: unknown[]): boolean => {
    if (event !== 'data') return emit(event, ...given);
    try {
      rest = Buffer.concat([rest, given[0] as Buffer]);
      for (let end = endOfFirst(rest); end !== undefined; end = endOfFirst(rest)) {
        const message = rest.subarray(0, end);
        rest = rest.subarray(end);
        emit('data', message);
      }
    } catch {
      stream.destroy(new OutboundError('protocol', 'the answer is not the protocol of PostgreSQL'));
    }
    return true;
  };
}

/** Where the first message ends; undefined while it is not all there. */
function endOfFirst(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER) return undefined;
  const end = 1 + bytes.readUInt32BE(1);
  if (end < HEADER) throw new RangeError('shorter than its own head');
  if (bytes.length < end) return undefined;
  const kind = bytes[0];
  if ((kind === ERROR || kind === NOTICE) && !hasEnd(bytes.subarray(HEADER, end)))
    throw new RangeError('fields without an end');
  return end;
}

/** The fields of an error or a notice: each a letter and text up to a zero, and one more zero behind the last. */
function hasEnd(fields: Buffer): boolean {
  let at = 0;
  while (at < fields.length && fields[at] !== 0) {
    const zero = fields.indexOf(0, at + 1);
    if (zero === -1) return false;
    at = zero + 1;
  }
  return at < fields.length;
}
