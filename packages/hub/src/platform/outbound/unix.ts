import { connect, type Socket } from 'node:net';
import { isAbsolute } from 'node:path';
import type { Attempt } from './attempt.ts';
import { OutboundError } from './error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no socket of that name',
  ENOTDIR: 'there is no socket of that name',
  ECONNREFUSED: 'nothing listens on that socket',
  EACCES: 'the hub may not open that socket',
  EPERM: 'the hub may not open that socket',
};

/**
 * Connects to a socket of the hub's own machine, which is as private as its loopback address and asks for the same permission. The path
 * must be absolute; callers take it from the configuration alone.
 */
export function reachUnix(
  attempt: Attempt<unknown>,
  path: string,
  allowPrivate: boolean,
  ready: (socket: Socket) => void,
): void {
  if (!isAbsolute(path) || path.includes('\0')) throw new OutboundError('protocol', 'the socket is no absolute path');
  if (!allowPrivate)
    throw new OutboundError(
      'forbidden_address',
      "a socket of the hub's own machine is private; set network.allowPrivate to true in orrery.yaml to reach private targets",
    );
  attempt.stage = 'the connection was not answered';
  const socket = connect({ path });
  attempt.socket = socket;
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const words = REASONS[error.code ?? ''];
    attempt.fail(words === undefined ? error : new OutboundError('refused', `${words} (${error.code})`));
  });
  socket.once('connect', () => {
    try {
      ready(socket);
    } catch (error) {
      attempt.fail(error);
    }
  });
}
