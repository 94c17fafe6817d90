import type { Alert, OpsEvent } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { timeline } from './timeline.ts';
import { verbsFor } from './verbs.ts';

const alert: Alert = {
  id: 'alr_1',
  project: 'veria',
  severity: 'critical',
  category: 'availability',
  title: 'api is down',
  description: '',
  autoFixable: false,
  status: 'resolved',
  fingerprint: 'f',
  occurrences: 3,
  createdAt: '2026-11-21T12:00:00Z',
  lastSeenAt: '2026-11-21T12:05:00Z',
  acknowledgedAt: '2026-11-21T12:02:00Z',
  acknowledgedBy: 'Ada',
  resolvedAt: '2026-11-21T13:00:00Z',
  resolvedBy: 'recovery',
};
const event = (at: string, title: string, more: Partial<OpsEvent> = {}): OpsEvent => ({
  id: title,
  at,
  type: 'events.deploy.finished',
  project: 'veria',
  title,
  ...more,
});

describe('an alert timeline', () => {
  it('tells its life from the end backwards', () => {
    expect(timeline(alert, []).map(({ text }) => text)).toEqual([
      'Resolved: the reason is gone',
      'Last observed, 3 times in all',
      'Acknowledged by Ada',
      'Opened',
    ]);
  });

  it('adds what happened to the same project near its beginning or end, and nothing else', () => {
    const steps = timeline(alert, [
      event('2026-11-21T11:55:00Z', 'deploy'),
      event('2026-11-21T12:58:00Z', 'rollback'),
      event('2026-11-21T12:30:00Z', 'in between'),
      event('2026-11-21T11:00:00Z', 'long before'),
      event('2026-11-21T11:59:00Z', 'elsewhere', { project: 'rollizr' }),
      event('2026-11-21T12:00:00Z', 'itself', { type: 'alert.opened' }),
    ]);
    expect(steps.filter(({ own }) => !own).map(({ text }) => text)).toEqual(['rollback', 'deploy']);
    expect(steps.at(-1)?.text).toBe('deploy');
  });
});

describe('what may be done with an alert', () => {
  it.each([
    ['open', ['acknowledge', 'resolve', 'ignore']],
    ['acknowledged', ['resolve', 'ignore']],
    ['ignored', ['resolve']],
    ['resolved', []],
  ] as const)('%s: %j', (status, verbs) => expect(verbsFor(status)).toEqual(verbs));
});
