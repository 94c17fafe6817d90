import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { OutboundError } from '../../platform/outbound.ts';

/**
 * A socket that stands already, for a client that wants to connect one by itself: its `connect` is told at once that it has. Ends with
 * OutboundError `too_large` when more than `maxBytes` come in.
 */
export class BoundedStream extends Duplex {
  readonly #socket: Socket;
  #left: number;

  constructor(socket: Socket, maxBytes: number) {
    super();
    this.#socket = socket;
    this.#left = maxBytes;
    socket.on('data', (chunk: Buffer) => {
      this.#left -= chunk.length;
      if (this.#left < 0) this.destroy(new OutboundError('too_large', `the answer is larger than ${maxBytes} bytes`));
      else if (!this.push(chunk)) socket.pause();
    });
    socket.once('end', () => this.push(null));
    socket.once('close', () => this.destroy());
  }

  connect(): this {
    queueMicrotask(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
