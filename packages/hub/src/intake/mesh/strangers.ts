import { Presence, parseSubject } from '@orrery/protocol';
import type { Clock } from '../../platform/clock.ts';
import { isObject } from '../json.ts';

/** Somebody who speaks in a namespace that no project has. */
export type Stranger = {
  meshNs: string;
  /** What the newest presence says of itself; nothing of it was checked. */
  slug?: string;
  hubUrl?: string;
  messages: number;
  firstAt: number;
  lastAt: number;
};

const MOST = 100;

/** Counts what comes from nobody that is known. None of it is stored; the counters are few, whoever invents names. */
export function createStrangers(clock: Clock) {
  const known = new Map<string, Stranger>();
  let others = 0;

  return {
    /** Takes note of one message; the stranger when it said who it is. */
    note(meshNs: string, subject: string, event: unknown): Stranger | undefined {
      const at = clock.now();
      let stranger = known.get(meshNs);
      if (!stranger && known.size >= MOST) {
        others += 1;
        return undefined;
      }
      stranger ??= { meshNs: meshNs.slice(0, 128), messages: 0, firstAt: at, lastAt: at };
      stranger.messages += 1;
      stranger.lastAt = at;
      known.set(meshNs, stranger);
      const subjectOf = parseSubject(subject.slice(meshNs.length + 1));
      if (subjectOf?.kind !== 'hub.presence.<hubId>' || !isObject(event)) return undefined;
      const presence = Presence.safeParse(event.data);
      if (!presence.success || presence.data.meshNs !== meshNs) return undefined;
      stranger.slug = presence.data.projectSlug;
      stranger.hubUrl = presence.data.hubUrl.slice(0, 2048);
      return stranger;
    },
    /** Those of whom this is true are strangers no longer. */
    forget(isKnown: (meshNs: string) => boolean): void {
      for (const meshNs of known.keys()) if (isKnown(meshNs)) known.delete(meshNs);
    },
    list: (): Stranger[] => [...known.values()].sort((a, b) => b.lastAt - a.lastAt),
    /** Messages of further ones, of whom only this is known. */
    others: () => others,
  };
}
