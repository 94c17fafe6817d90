import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';
import { createEngine } from '../platform/engine.ts';
import type { Log } from '../platform/log.ts';
import type { Outbound } from '../platform/outbound.ts';
import { createEndings } from './endings.ts';
import type { AutohealOptions } from './options.ts';
import { createPatrol } from './patrol.ts';
import { openState, type StateFile } from './state.ts';
import { nextTry, send } from './tell.ts';

/** While something is under way it is looked at so often. */
const LOOK_MS = 1000;
/** An engine that is away is asked again after this, doubling. */
const AWAY_MS = { first: 1000, most: 30_000 };

type Deps = { outbound: Pick<Outbound, 'request'>; clock: Clock; log: Log; signal: AbortSignal };

/** Keeps the containers of one engine alive until the signal comes: looks at all of them at its interval, and at one at once when the engine tells of it. */
export async function runAutoheal(options: AutohealOptions, deps: Deps): Promise<void> {
  const { clock, log, signal } = deps;
  const file = openState(options.stateFile);
  const endings = createEndings();
  const engine = createEngine({ ...deps, place: options.engine });
  const patrol = createPatrol({ engine, clock, log, options, file, endings });
  patrol.takeUp();
  let since = clock.now();
  for (let away = 0; !signal.aborted; ) {
    try {
      await patrol.look(signal);
      if (away > 0) log.info('the engine is back');
      away = 0;
      await deliver(file, options, deps);
      since = await follow(since);
    } catch (error) {
      if (signal.aborted) break;
      if (away === 0) log.warn({ err: error }, 'the engine does not answer; it is asked again');
      await wait(Math.min(AWAY_MS.first * 2 ** away, AWAY_MS.most), undefined, { signal }).catch(() => undefined);
      away += 1;
      patrol.takeUp();
      await deliver(file, options, deps);
    }
  }
  await patrol.settle();

  /** Hears the engine's events for one interval, and looks when one says so; answers from when to hear on. */
  async function follow(from: number): Promise<number> {
    const until = clock.now() + options.everyMs;
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const due = new Map<string, number>();
    let bell = Promise.withResolvers<void>();
    let heard = from;
    const hear = engine.events({ since: from, until, signal: both }, (event) => {
      heard = Math.max(heard, event.at);
      const news = endings.take(event);
      if (!news) return;
      due.set(news.id, news.dueAt);
      bell.resolve();
    });
    const walk = async () => {
      while (!both.aborted && clock.now() < until) {
        const soon = patrol.busy() || file.state.outbox.length > 0 ? clock.now() + LOOK_MS : until;
        const next = Math.min(until, soon, ...due.values());
        await Promise.race([
          wait(Math.max(10, next - clock.now()), undefined, { signal: both }).catch(() => undefined),
          bell.promise,
        ]);
        bell = Promise.withResolvers<void>();
        const ids = [...due].filter(([, at]) => at <= clock.now()).map(([id]) => id);
        for (const id of ids) due.delete(id);
        if (ids.length > 0 || patrol.busy()) await patrol.look(signal, ids);
        await deliver(file, options, deps);
      }
    };
    try {
      await Promise.all([hear, walk()]);
    } finally {
      over.abort();
    }
    // What happened while nobody listened is in the engine's memory.
    return Math.max(heard, until - 1000);
  }
}

/** Sends what is due; what does not arrive is tried again, and given up in the end. */
async function deliver(
  file: StateFile,
  options: AutohealOptions,
  { outbound, clock, log, signal }: Deps,
): Promise<void> {
  const due = file.state.outbox.filter(({ dueAt }) => dueAt <= clock.now());
  if (due.length === 0) return;
  for (const message of due) {
    if (signal.aborted) return;
    let again: number | undefined;
    try {
      await send(message, options, { outbound, signal });
    } catch (error) {
      again = nextTry(message, clock.now());
      log.warn(
        { err: error, to: message.to },
        again === undefined ? 'a message is given up' : 'a message is sent again later',
      );
    }
    if (again === undefined) file.state.outbox = file.state.outbox.filter(({ id }) => id !== message.id);
    else Object.assign(message, { tries: message.tries + 1, dueAt: again });
    file.save(clock.now());
  }
}
