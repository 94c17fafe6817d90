import type { EngineEvent } from '../platform/engine.ts';
import type { Ending } from '../repair/index.ts';

/** A restart by hand emits kill, die, stop, start: so long after `die` the start may come. */
const SETTLE_MS = 2000;
/** Signals that programs take for a word, not for their end: HUP, USR1, USR2, WINCH. */
const WORDS = new Set(['1', '10', '12', '28']);
const KEPT = 10_000;

/** Whoever asks a container to end and is not obeyed for so long has not ended it. */
const OBEYED_MS = 120_000;

type Life = { askedAt: number; ending?: Ending };
export type News = { id: string; dueAt: number };

/**
 * What the engine's events come to. A container that dies without having been asked to has crashed, unless it starts again right away; `die`
 * alone says nothing, since a restart emits it too. What runs inside of containers (`exec_*`) is no news.
 */
export function createEndings() {
  const lives = new Map<string, Life>();
  function keep(id: string, life: Life): void {
    lives.delete(id);
    lives.set(id, life);
    const [oldest] = lives.keys();
    if (lives.size > KEPT && oldest !== undefined) lives.delete(oldest);
  }
  return {
    /** Takes one event; answers which container is to be looked at, and when (epoch ms), if any is. */
    take({ action, id, at, attributes }: EngineEvent): News | undefined {
      const { askedAt, ending } = lives.get(id) ?? { askedAt: Number.NEGATIVE_INFINITY };
      switch (action) {
        case 'kill':
          if (!WORDS.has(attributes.signal ?? '')) keep(id, { askedAt: at, ...(ending ? { ending } : {}) });
          return undefined;
        case 'die':
          if (at - askedAt <= OBEYED_MS) {
            keep(id, { askedAt, ending: 'stopped' });
            return undefined;
          }
          keep(id, { askedAt, ending: 'crashed' });
          return { id, dueAt: at + SETTLE_MS };
        case 'stop':
          keep(id, { askedAt, ending: 'stopped' });
          return undefined;
        case 'start':
          lives.delete(id);
          return { id, dueAt: at };
        case 'destroy':
          lives.delete(id);
          return undefined;
        default:
          // `health_status: unhealthy`, and in newer engines with more behind it.
          return action.startsWith('health_status') ? { id, dueAt: at } : undefined;
      }
    },
    /** How it ended last, where that was heard. */
    of: (id: string): Ending | undefined => lives.get(id)?.ending,
  };
}
export type Endings = ReturnType<typeof createEndings>;
