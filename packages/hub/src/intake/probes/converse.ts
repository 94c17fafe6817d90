import type { Socket } from 'node:net';
import { type Outbound, OutboundError, type OutboundTarget } from '../../platform/outbound.ts';
import type { CheckContext } from './probe.ts';

/** Who may talk, how the time is told, and what cuts it short. */
export type Talker = Pick<CheckContext, 'clock' | 'signal'> & { outbound: Pick<Outbound, 'open'> };
type Place = Pick<OutboundTarget, 'host' | 'port' | 'tls' | 'timeoutMs'>;

/**
 * Opens a connection and talks over it. Name, connection and talk share the one deadline; whatever happens, the socket is gone
 * afterwards. Throws OutboundError for all that becomes of the connection, and what `talk` throws.
 */
export async function converse<T>(
  { outbound, clock, signal }: Talker,
  place: Place,
  talk: (socket: Socket) => Promise<T>,
): Promise<T> {
  const started = clock.monotonic();
  const { socket } = await outbound.open({ ...place, ...(signal ? { signal } : {}) });
  const broken = Promise.withResolvers<never>();
  socket.once('error', (error: NodeJS.ErrnoException) => {
    const known = error instanceof OutboundError;
    broken.reject(known ? error : new OutboundError('reset', `the connection broke (${error.code ?? 'no code'})`));
  });
  socket.once('close', () =>
    broken.reject(new OutboundError('reset', 'the connection was closed before the whole answer had arrived')),
  );
  const late = () =>
    broken.reject(
      new OutboundError(
        'timeout',
        `no complete answer within ${place.timeoutMs} ms: the connection stood but fell silent`,
      ),
    );
  const timer = setTimeout(late, Math.max(0, place.timeoutMs - (clock.monotonic() - started)));
  const onAbort = () => broken.reject(new OutboundError('stopped', 'the check was stopped'));
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([talk(socket), broken.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    socket.destroy();
    // The race may be over before the connection ends: nobody is left to hear of it.
    broken.promise.catch(() => undefined);
  }
}
