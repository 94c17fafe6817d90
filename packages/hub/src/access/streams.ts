import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Log } from '../platform/log.ts';
import { type Credential, lost } from './credential.ts';
import type { Rights } from './rights.ts';

/**
 * Open streams by the credential that opened them. What this hub revokes is cut at once, what another hub revokes at the next check,
 * `checkMs` later at most; all streams together cost two queries a check.
 */
export function createStreams(deps: { db: Db; clock: Clock; log: Log; rights: Rights; checkMs: number }) {
  const open = new Map<symbol, { credential: Credential; onRevoked: () => void }>();
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<void> | undefined;
  let again = false;

  async function checkOnce(): Promise<void> {
    const gone = await lost(
      deps.db,
      deps.clock.now(),
      [...open.values()].map((stream) => stream.credential),
      deps.rights,
    );
    for (const [id, stream] of open) {
      if (!gone.has(stream.credential)) continue;
      stop(id);
      stream.onRevoked();
    }
  }
  /** Looks at every open stream now; a call during a check makes another one follow. */
  function check(): void {
    if (open.size === 0) return;
    if (checking) {
      again = true;
      return;
    }
    checking = checkOnce()
      .catch((error: unknown) => deps.log.warn({ err: error }, 'open streams could not be checked; trying again'))
      .finally(() => {
        checking = undefined;
        if (!again) return;
        again = false;
        check();
      });
  }
  function stop(id: symbol): void {
    open.delete(id);
    if (open.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }
  return {
    watch(credential: Credential, onRevoked: () => void): () => void {
      const id = Symbol();
      open.set(id, { credential, onRevoked });
      timer ??= setInterval(check, deps.checkMs).unref();
      // The credential may have been lost between the request's first check and now.
      check();
      return () => stop(id);
    },
    check,
    async close(): Promise<void> {
      for (const id of [...open.keys()]) stop(id);
      await checking;
    },
  };
}
