import { setTimeout as wait } from 'node:timers/promises';
import type { AutohealDeclaration } from '@orrery/protocol';
import type { Clock } from '../platform/clock.ts';
import { createEngine, type EngineEvent } from '../platform/engine.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound, OutboundTls } from '../platform/outbound.ts';
import { createEndings } from './endings.ts';

const ASK_MS = 10_000;
const AWAY_MS = { first: 1000, most: 30_000 };

type Deps = {
  outbound: Pick<Outbound, 'request'>;
  clock: Clock;
  log: Log;
  everyMs: number;
  /** Takes the containers that carry the label now. */
  found(names: readonly string[]): Promise<void>;
  /** A container of this name is to be looked at now. */
  look(container: string): void;
};

/**
 * Watches one engine until the signal comes: which containers carry the label, at the interval and when one is made; and which one is to be
 * looked at, when the engine tells that it fell ill or died. An engine that is away is asked again.
 */
export async function watchEngine(entry: AutohealDeclaration, deps: Deps, signal: AbortSignal): Promise<void> {
  const { clock, log, found, look, everyMs } = deps;
  const { tls, url, socket, label } = entry;
  const engine = createEngine({ ...deps, place: { url, socket, tls: tls as OutboundTls | undefined } });
  const endings = createEndings();
  const [key = '', value = ''] = label.split(/=(.*)/s);
  let since = clock.now();
  for (let away = 0; !signal.aborted; ) {
    const again = new AbortController();
    try {
      const known = await engine.list([label], { timeoutMs: ASK_MS, signal });
      const names = new Set(known.map(({ name }) => name));
      await found([...names]);
      away = 0;
      const until = clock.now() + everyMs;
      await engine.events({ since, until, signal: AbortSignal.any([signal, again.signal]) }, (event) => {
        since = Math.max(since, event.at);
        hear(event, names, again);
      });
      since = Math.max(since, until - 1000);
    } catch (error) {
      if (signal.aborted) return;
      if (again.signal.aborted) continue;
      if (away === 0)
        log.warn({ err: error, project: entry.project }, 'a container engine does not answer; it is asked again');
      await wait(Math.min(AWAY_MS.first * 2 ** away, AWAY_MS.most), undefined, { signal, ref: false }).catch(
        () => undefined,
      );
      away += 1;
    }
  }

  function hear(event: EngineEvent, names: ReadonlySet<string>, again: AbortController): void {
    const { name } = event.attributes;
    const news = endings.take(event);
    if (name === undefined) return;
    // One that is new is taken up at once.
    if (event.action === 'start' && event.attributes[key] === value && !names.has(name)) {
      again.abort();
      return;
    }
    if (!news || !(names.has(name) || entry.names.includes(name))) return;
    setTimeout(look, Math.max(0, news.dueAt - clock.now()), name).unref();
  }
}
