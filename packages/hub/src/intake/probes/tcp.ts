import type { Socket } from 'node:net';
import type { TcpProbe } from '@orrery/protocol';
import type { z } from 'zod';
import { type OutboundConnection, OutboundError } from '../../platform/outbound.ts';
import { line } from '../json.ts';
import { failed, hostAndPort, slowAfterMs, timing, upOrSlow } from './common.ts';
import type { Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type Spec = ProbeSpec & {
  host: string;
  port: number;
  send: string | undefined;
  expect: string | undefined;
  slowAfterMs: number | undefined;
};
/** How the wait for the expected text ended. */
type Heard = { bytes: number; end: 'found' | 'full' | 'closed' | 'late' | 'stopped' };

/** What is expected must stand in the first bytes. */
const MAX_BYTES = 4096;

/** A port: it takes connections, and answers what is expected. */
export const tcp: ProbeFamily<z.output<typeof TcpProbe>, Spec> = {
  compile: (declared) => ({
    ...timing(declared),
    target: hostAndPort(declared.host, declared.port),
    host: declared.host,
    port: declared.port,
    send: declared.send,
    expect: declared.expect,
    slowAfterMs: slowAfterMs(declared),
  }),

  async check(spec, { outbound, clock, signal }): Promise<Outcome> {
    const started = clock.monotonic();
    const passed = () => Math.round((clock.monotonic() - started) * 10) / 10;
    const { host, port, timeoutMs } = spec;
    let connection: OutboundConnection;
    try {
      connection = await outbound.open({ host, port, timeoutMs, ...(signal ? { signal } : {}) });
    } catch (error) {
      return failed(`TCP ${spec.target}`, error, clock.monotonic() - started);
    }
    const { socket, latencyMs } = connection;
    try {
      if (spec.send !== undefined) socket.write(spec.send);
      if (spec.expect === undefined) return upOrSlow(latencyMs, spec.slowAfterMs);
      const heard = await listen(socket, spec.expect, timeoutMs - passed(), signal);
      if (heard.end === 'found') return upOrSlow(passed(), spec.slowAfterMs);
      if (heard.end === 'stopped')
        return failed(`TCP ${spec.target}`, new OutboundError('stopped', 'the check was stopped'), passed());
      return {
        status: 'down',
        latencyMs: passed(),
        reason: `TCP ${spec.target}: ${lacking(spec.expect, heard, timeoutMs)}`,
        heard: heard.bytes > 0,
      };
    } finally {
      socket.destroy();
    }
  },
};

/** Reads until the text has come, the peer has ended, enough was read or the time is up. */
function listen(socket: Socket, text: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<Heard> {
  return new Promise((resolve) => {
    const wanted = Buffer.from(text);
    let read = Buffer.alloc(0);
    const end = (how: Heard['end']) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      socket.removeAllListeners('data');
      resolve({ bytes: read.length, end: how });
    };
    const stop = () => end('stopped');
    const timer = setTimeout(() => end('late'), Math.max(0, timeoutMs));
    signal?.addEventListener('abort', stop, { once: true });
    socket.on('data', (chunk: Buffer) => {
      read = Buffer.concat([read, chunk.subarray(0, MAX_BYTES - read.length)]);
      if (read.includes(wanted)) end('found');
      else if (read.length >= MAX_BYTES) end('full');
    });
    socket.once('close', () => end('closed'));
    if (signal?.aborted) stop();
    else if (socket.destroyed) end('closed');
  });
}

function lacking(expect: string, { bytes, end }: Heard, timeoutMs: number): string {
  const wanted = `"${line(expect, 100)}"`;
  if (end === 'late') return `no ${wanted} within ${timeoutMs} ms; ${bytes} bytes came`;
  if (end === 'closed') return `the connection was closed before ${wanted} came; ${bytes} bytes came`;
  return `the first ${bytes} bytes of the answer lack ${wanted}`;
}
