import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stopwatch } from '../../../../../test/services/stopwatch.ts';
import type { ChannelKind } from './channel.ts';
import { CHANNELS, sendThrough, targetOf } from './index.ts';
import { FAR_ENDS, type FarEnd, notification, outgoing, SECRETS, sendContext } from './testing.ts';

describe.each(Object.keys(CHANNELS) as ChannelKind[])('a channel of kind %s', (kind) => {
  let far: FarEnd;
  beforeEach(async () => {
    far = await FAR_ENDS[kind]();
  });
  afterEach(() => far.close());
  const send = (...[told, context]: [ReturnType<typeof outgoing>?, Parameters<typeof sendContext>[0]?]) =>
    sendThrough(far.declaration, told ?? outgoing(), sendContext(context));

  it('tells everything that a person needs to act', async () => {
    expect(await send()).toMatchObject({ kind: 'delivered' });
    const [arrival] = far.arrivals();
    for (const fact of [
      'veria',
      'api',
      'critical',
      'Error rate above 5',
      'performance.error_rate is 7.2, above 5 for 1 m',
      'Look at the last deploy.',
    ])
      expect(arrival?.shown).toContain(fact);
    // Programs read the id and the times as they are; people get a link and a sentence.
    const alertId = 'alr_01kaj2q9zv0000000000000000';
    const isProgram = far.reader === 'program';
    expect(arrival?.shown).toContain(isProgram ? alertId : `https://orrery.example/alerts?alert=${alertId}`);
    expect(arrival?.shown).toContain(isProgram ? '2026-11-21T03:58:30.000Z' : '2026-11-21 03:58:30 UTC');
  });

  it('tells that it is over, since when and by whom', async () => {
    const over = notification({ status: 'resolved', resolvedAt: '2026-11-21T04:03:30.000Z', resolvedBy: 'ann' });
    expect(await send(outgoing(over))).toMatchObject({ kind: 'delivered' });
    const [arrival] = far.arrivals();
    for (const fact of far.reader === 'program' ? ['resolved', 'ann'] : ['[resolved] veria/api', 'after 5 m, by ann'])
      expect(arrival?.shown).toContain(fact);
  });

  it('tells what became of a repair: of which alert, why, and what to do next', async () => {
    const { alert, at } = notification();
    const heal = {
      attemptId: 'heal_01kaj2q9zv0000000000000003',
      policy: 'restart',
      remedy: 'restart the container veria-api',
      why: 'veria/db was changed right before (82 %)',
      detail: 'restarted in 2 s',
      expiresAt: '2026-11-21T04:30:00.000Z',
    };
    expect(await send(outgoing({ type: 'heal.approval_needed', at, alert, heal }))).toMatchObject({
      kind: 'delivered',
    });
    const shown = far.arrivals().at(-1)?.shown;
    // A template says what its writer wants to be said, by the names of the notification.
    const facts = kind === 'template' ? [] : [heal.why, heal.detail, heal.remedy, heal.attemptId];
    for (const fact of ['Error rate above 5', ...facts]) expect(shown).toContain(fact);
    if (kind === 'webhook') expect(shown).toContain(heal.expiresAt);
    else expect(shown).toContain('[critical, approval needed] veria/api');
  });

  it('sends the same id at every attempt and says when it may be a repeat', async () => {
    await send();
    await send(outgoing(undefined, { possibleRepeat: true }));
    const [first, second] = far.arrivals();
    expect(first?.id).toBe(far.repeats === 'by words' ? '' : 'dlv_01kaj2q9zv0000000000000001');
    expect(first?.possibleRepeat).toBe(false);
    if (far.repeats === 'by looking') return expect(far.arrivals()).toHaveLength(1);
    expect(second?.id).toBe(first?.id);
    expect(second?.possibleRepeat).toBe(true);
  });

  it('takes a receiver that has trouble for unavailable, and one that says no for a refusal', async () => {
    far.behave('later');
    expect(await send()).toMatchObject({ kind: 'unavailable', mayHaveArrived: false });
    far.behave('never');
    expect(await send()).toMatchObject({ kind: 'refused' });
    far.behave('take');
    expect(await send()).toMatchObject({ kind: 'delivered' });
    expect(far.arrivals()).toHaveLength(1);
  });

  it('gives a receiver that hangs up after the time of a send, and knows that it may have arrived', async () => {
    far.behave('hang');
    const passed = stopwatch();
    expect(await send(undefined, { timeoutMs: 300 })).toMatchObject({
      kind: 'unavailable',
      mayHaveArrived: true,
      detail: expect.stringContaining('300 ms'),
    });
    expect(passed()).toBeLessThan(1500);
  });

  it('lets go at once when the hub stops', async () => {
    far.behave('hang');
    const stopping = new AbortController();
    const sending = send(undefined, { timeoutMs: 10_000, signal: stopping.signal });
    setTimeout(() => stopping.abort(), 100);
    expect(await sending).toMatchObject({ kind: 'stopped' });
  });

  it('finds nobody there: nothing can have arrived', async () => {
    await far.close();
    expect(await send()).toMatchObject({ kind: 'unavailable', mayHaveArrived: false });
    far = await FAR_ENDS[kind]();
  });

  it('shows no secret and nothing that the receiver wrote, neither in its target nor in any outcome', async () => {
    const texts = [targetOf(far.declaration)];
    for (const behaviour of ['take', 'later', 'never', 'hang'] as const) {
      far.behave(behaviour);
      texts.push((await send(undefined, behaviour === 'hang' ? { timeoutMs: 100 } : {})).detail);
    }
    await far.close();
    texts.push((await send()).detail);
    far = await FAR_ENDS[kind]();
    expect(texts.filter(Boolean)).toHaveLength(6);
    for (const secret of [...SECRETS, 'secret inner answer', 'not taken'])
      expect(texts.join('\n')).not.toContain(secret);
  });
});

describe.each((Object.keys(CHANNELS) as ChannelKind[]).filter((kind) => kind !== 'email'))(
  'a channel of kind %s, over HTTP',
  (kind) => {
    let far: FarEnd;
    beforeEach(async () => {
      far = await FAR_ENDS[kind]();
    });
    afterEach(() => far.close());
    const resolved = notification({ status: 'resolved', resolvedAt: '2026-11-21T04:03:30.000Z', resolvedBy: 'ann' });

    it.each([
      ['an opening', notification()],
      ['a resolution', resolved],
    ])('waits as long as it is asked to, and gives up on what is gone: %s', async (_, told) => {
      far.behave('busy');
      expect(await sendThrough(far.declaration, outgoing(told), sendContext())).toMatchObject({
        kind: 'unavailable',
        detail: 'HTTP 429',
        retryAfterMs: 7000,
        mayHaveArrived: false,
      });
      far.behave('gone');
      expect(await sendThrough(far.declaration, outgoing(told), sendContext())).toMatchObject({ kind: 'gone' });
      expect(far.arrivals()).toHaveLength(0);
    });
  },
);
