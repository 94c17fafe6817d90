import { RemedyDeclaration } from '@orrery/protocol';
import { systemClock } from '../../platform/clock.ts';
import type { Outbound } from '../../platform/outbound.ts';
import { type Acted, actOn, describeRemedy, type RemedyContext } from './index.ts';

/** For tests: parses a remedy as the file's reader does, and carries it out once. */
export function trying(outbound: Outbound, declared: object, more: Partial<RemedyContext> = {}) {
  const remedy = RemedyDeclaration.parse(declared);
  const context: RemedyContext = {
    outbound,
    clock: systemClock,
    signal: new AbortController().signal,
    project: 'shop',
    service: 'api',
    attemptId: 'heal_0000000000000000000000test',
    act: async () => ({ done: true, detail: 'asked' }),
    ...more,
  };
  return { text: describeRemedy(remedy), act: (): Promise<Acted> => actOn(remedy, context) };
}
