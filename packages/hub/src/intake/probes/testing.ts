import { ProbeDeclaration } from '@orrery/protocol';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound, type Outbound } from '../../platform/outbound.ts';
import { bindProbe } from './index.ts';
import type { CheckContext, Outcome } from './probe.ts';

/** For tests: a way out that may go to loopback addresses. */
export const openOutbound = (): Outbound => createOutbound({ clock: systemClock, allowPrivate: true });

/** For tests: binds a declaration once, as a hub does; what a probe keeps between its checks stays. */
export function probing(outbound: Outbound, declared: object, more: Partial<CheckContext> = {}) {
  const bound = bindProbe(ProbeDeclaration.parse(declared), { slug: 'veria', hubUrl: 'http://hub' });
  const context: CheckContext = {
    outbound,
    clock: systemClock,
    was: 'unknown',
    logs: { cursor: null, since: null, note: null },
    memory: {},
    beat: async () => ({ agoMs: 0, beats: 1, failed: false }),
    ...more,
  };
  return { target: bound.target, check: (): Promise<Outcome> => bound.check(context) };
}

export const figureOf = (outcome: Outcome, key: string) => outcome.figures?.find((one) => one.key === key)?.value;
