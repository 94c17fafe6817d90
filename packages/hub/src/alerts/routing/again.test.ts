import { RouteDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { again, type Heard } from './again.ts';

const T = 1_000_000_000;
const MINUTE = 60_000;
const opening = (channel: string, more: Partial<Heard> = {}): Heard => ({
  channel,
  type: 'alert.opened',
  seq: 0,
  status: 'delivered',
  planned_at: T,
  ...more,
});
const taken = (more: Partial<z.input<typeof RouteDeclaration>> = {}, notBefore = 0) => ({
  route: RouteDeclaration.parse({ name: 'r', channels: ['ops'], ...more }),
  channels: more.channels ?? ['ops'],
  notBefore,
});
const escalate = [
  { after: '10m', channels: ['pager'] },
  { after: '30m', channels: ['boss', 'pager'] },
];

function at(minutes: number, routes: ReturnType<typeof taken>[], heard: Heard[], more: object = {}) {
  const facts = { createdAt: T, critical: true, heard, failing: new Set<string>(), takes: () => true, ...more };
  const { due, nextAt } = again(routes, facts, T + minutes * MINUTE);
  return {
    due: due.map(({ type, channel, seq }) => `${type.slice(6)} ${channel} ${seq}`),
    next: nextAt === Number.POSITIVE_INFINITY ? null : (nextAt - T) / MINUTE,
  };
}

describe('what nobody answers', () => {
  it.each([
    ['without repetition and escalation', {}, 500, [], [], null],
    ['before the first reminder', { repeatEvery: '30m' }, 29, [], [], 30],
    ['at the first reminder', { repeatEvery: '30m' }, 30, [], ['reminder ops 1'], 60],
    ['after the first reminder', { repeatEvery: '30m' }, 31, [{ type: 'alert.reminder', seq: 1 }], [], 60],
    [
      'after an absence: once, not once for each',
      { repeatEvery: '30m' },
      200,
      [{ type: 'alert.reminder', seq: 1 }],
      ['reminder ops 6'],
      210,
    ],
    ['before the first step', { escalate }, 9, [], [], 10],
    ['at the first step', { escalate }, 10, [], ['escalated pager 1'], 30],
    ['after the first step', { escalate }, 11, [{ type: 'alert.escalated', channel: 'pager', seq: 1 }], [], 30],
    [
      'at the second step',
      { escalate },
      30,
      [{ type: 'alert.escalated', channel: 'pager', seq: 1 }],
      ['escalated boss 2', 'escalated pager 2'],
      null,
    ],
    [
      'a step that was kept back',
      { escalate },
      11,
      [{ type: 'alert.escalated', channel: 'pager', seq: 1, status: 'suppressed' }],
      ['escalated pager 1'],
      30,
    ],
  ])('%s', (_what, declared, minutes, more, due, next) => {
    const heard = [opening('ops'), ...more.map((row) => opening('ops', row as Partial<Heard>))];
    expect(at(minutes, [taken(declared)], heard)).toEqual({ due, next });
  });

  it('is counted from when it was told, not from when it began', () => {
    expect(at(40, [taken({ repeatEvery: '30m' })], [opening('ops', { planned_at: T + 20 * MINUTE })]).next).toBe(50);
  });

  it('waits while the opening is kept back, and while quiet hours last', () => {
    expect(at(100, [taken({ repeatEvery: '30m' })], [opening('ops', { status: 'suppressed' })])).toEqual({
      due: [],
      next: null,
    });
    expect(at(100, [taken({ repeatEvery: '30m' }, T + 300 * MINUTE)], [opening('ops')])).toEqual({
      due: [],
      next: 300,
    });
  });

  it('reminds a channel of two routes by the one that does it more often', () => {
    const routes = [taken({ repeatEvery: '1h', continue: true }), taken({ name: 's', repeatEvery: '20m' })];
    expect(at(40, routes, [opening('ops')]).due).toEqual(['reminder ops 2']);
  });

  it('is told to the first step at once when the receiver fails and the alert is critical', () => {
    const waiting = [opening('ops', { status: 'pending' })];
    const failing = new Set(['ops']);
    expect(at(2, [taken({ escalate })], waiting, { failing }).due).toEqual(['escalated pager 1']);
    expect(at(2, [taken({ escalate })], waiting, { failing, critical: false }).due).toEqual([]);
    expect(at(2, [taken({ escalate })], [opening('ops')], { failing }).due).toEqual([]);
    expect(at(2, [taken({ escalate })], [opening('ops', { status: 'failed' })]).due).toEqual(['escalated pager 1']);
  });

  it('is not told to a channel that does not take it', () => {
    expect(at(40, [taken({ escalate })], [opening('ops')], { takes: (name: string) => name !== 'pager' }).due).toEqual([
      'escalated boss 2',
    ]);
  });

  it('goes on from what was told before the route led elsewhere, and not while that is kept back', () => {
    const before = taken({ channels: ['new'], escalate, repeatEvery: '1h' });
    expect(at(60, [before], [opening('ops', { planned_at: T + 20 * MINUTE })]).due).toEqual([
      'escalated pager 1',
      'escalated boss 2',
      'escalated pager 2',
    ]);
    expect(at(100, [before], [opening('ops', { status: 'suppressed' })]).due).toEqual([]);
    expect(at(100, [before], [opening('ops'), opening('new', { status: 'suppressed' })]).due).toEqual([]);
  });

  it('escalates from its beginning where a route first leads to nobody', () => {
    expect(at(10, [taken({ channels: [], escalate })], []).due).toEqual(['escalated pager 1']);
  });
});
