import type { Socket } from 'node:net';
import { OutboundError } from '../../platform/outbound.ts';

/** One answer of a Redis server: text, or the first word of an error (`NOAUTH`), which is all that is taken of one. */
export type Reply = { text: string | null } | { error: string };

const MAX_BYTES = 512 * 1024;
const CRLF = '\r\n';

const encode = (command: readonly string[]): string =>
  `*${command.length}${CRLF}${command.map((word) => `$${Buffer.byteLength(word)}${CRLF}${word}${CRLF}`).join('')}`;

/**
 * Sends commands together and reads as many replies. Own code: a client library would open its own connections and try again by itself.
 * Throws OutboundError `protocol` for what is no RESP2 and `too_large` beyond 512 KiB.
 */
export function ask(socket: Socket, commands: readonly (readonly string[])[]): Promise<Reply[]> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const chunks: Buffer[] = [];
    let size = 0;
    /** Nothing is looked at again before there are so many bytes. */
    let needed = 1;
    const replies: Reply[] = [];
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      try {
        if (size > MAX_BYTES) throw new OutboundError('too_large', `the answer is larger than ${MAX_BYTES} bytes`);
        if (bytes.length + chunks.reduce((sum, one) => sum + one.length, 0) < needed) return;
        bytes = Buffer.concat([bytes, ...chunks.splice(0)]);
        while (replies.length < commands.length) {
          const read = readReply(bytes);
          if ('needs' in read) {
            needed = read.needs;
            return;
          }
          replies.push(read.reply);
          bytes = bytes.subarray(read.end);
        }
        resolve(replies);
      } catch (error) {
        reject(error);
      }
    });
    socket.write(commands.map(encode).join(''));
  });
}

const noResp = () => new OutboundError('protocol', 'the answer is not the protocol of Redis');

/** The reply that the bytes begin with, or how many bytes it takes at least. */
function readReply(bytes: Buffer): { reply: Reply; end: number } | { needs: number } {
  const first = bytes.length > 0 ? String.fromCharCode(bytes[0] ?? 0) : '';
  if (first !== '' && !'+-:$'.includes(first)) throw noResp();
  const newline = bytes.indexOf(CRLF);
  if (newline === -1) {
    // A line is short: a status, an error, a length.
    if (bytes.length > 4096) throw noResp();
    return { needs: bytes.length + 1 };
  }
  const head = bytes.toString('utf8', 1, newline);
  const end = newline + 2;
  if (first === '-') return { reply: { error: /^[A-Z]{2,20}(?= |$)/.exec(head)?.[0] ?? 'ERR' }, end };
  if (first !== '$') return { reply: { text: head }, end };
  if (head === '-1') return { reply: { text: null }, end };
  const length = /^\d{1,9}$/.test(head) ? Number(head) : Number.POSITIVE_INFINITY;
  if (length > MAX_BYTES) throw noResp();
  if (bytes.length < end + length + 2) return { needs: end + length + 2 };
  return { reply: { text: bytes.toString('utf8', end, end + length) }, end: end + length + 2 };
}
