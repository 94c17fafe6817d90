import type { OpsEvent } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { type LiveAction, type LiveState, MAX_EVENTS, reduceLive, retryDelay, START } from './state.ts';

const event = (id: string, second: number): OpsEvent => ({
  id,
  at: new Date(second * 1000).toISOString(),
  type: 'probe.status',
  title: id,
});
const run = (...actions: LiveAction[]): LiveState => actions.reduce(reduceLive, START);
const ids = (state: LiveState) => state.events.map(({ id }) => id);

describe('the live stream', () => {
  it('remembers where it is, through a break, for the next connection to go on from there', () => {
    const state = run(
      { type: 'connect' },
      { type: 'opened' },
      { type: 'message', id: '41', event: event('a', 1) },
      { type: 'message', id: '42', event: event('b', 2) },
      { type: 'failed', at: 1000, delayMs: 500, reason: 'reset' },
      { type: 'connect' },
    );
    expect(state).toMatchObject({ phase: 'connecting', lastEventId: '42', attempt: 1 });
  });

  it('keeps its place when a message brings no id', () => {
    const state = run(
      { type: 'message', id: '42', event: event('a', 1) },
      { type: 'message', id: undefined, event: event('b', 2) },
    );
    expect(state.lastEventId).toBe('42');
  });

  it('shows an event once, though the resumed stream and the backlog bring it again', () => {
    const state = run(
      { type: 'message', id: '1', event: event('a', 1) },
      { type: 'message', id: '2', event: event('b', 2) },
      { type: 'message', id: '2', event: event('b', 2) },
      { type: 'backlog', events: [event('b', 2), event('a', 1), event('old', 0)] },
    );
    expect(ids(state)).toEqual(['b', 'a', 'old']);
  });

  it('stands newest first and forgets the oldest beyond its bound', () => {
    const many = Array.from({ length: MAX_EVENTS + 20 }, (_, second) => event(`e${second}`, second));
    const state = run({ type: 'backlog', events: many });
    expect(state.events).toHaveLength(MAX_EVENTS);
    expect(state.events[0]?.id).toBe(`e${MAX_EVENTS + 19}`);
  });

  it('counts the tries of one outage and begins anew after a success', () => {
    const down: LiveAction = { type: 'failed', at: 1000, delayMs: 500, reason: 'refused' };
    const out = run({ type: 'connect' }, down, { type: 'connect' }, down);
    expect(out).toMatchObject({ phase: 'retrying', attempt: 2, retryAt: 1500, reason: 'refused' });
    expect(reduceLive(out, { type: 'opened' })).toMatchObject({ phase: 'live', attempt: 0, retryAt: undefined });
  });

  it('does not take a pause for a failure', () => {
    const paused = run({ type: 'connect' }, { type: 'opened' }, { type: 'pause' });
    expect(reduceLive(paused, { type: 'failed', at: 1, delayMs: 1, reason: 'aborted' })).toBe(paused);
  });

  it('stays paused when the tab is hidden', () => {
    const paused = run({ type: 'pause' });
    expect(reduceLive(paused, { type: 'idle' }).phase).toBe('paused');
  });

  it('forgets everything with the session', () => {
    expect(run({ type: 'message', id: '9', event: event('a', 1) }, { type: 'forget' })).toEqual(START);
  });
});

describe('retryDelay', () => {
  it('doubles up to half a minute and spreads', () => {
    expect([0, 1, 2, 3].map((attempt) => retryDelay(attempt, 1))).toEqual([1000, 2000, 4000, 8000]);
    expect(retryDelay(50, 1)).toBe(30_000);
    expect(retryDelay(50, 0)).toBe(15_000);
  });
});
