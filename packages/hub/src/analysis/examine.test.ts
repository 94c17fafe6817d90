import type { Alert } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { examine, type ProjectFacts } from './examine.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-20T06:00:00Z');

const project = (slug: string, more: Partial<ProjectFacts> = {}): ProjectFacts => ({
  slug,
  name: slug.toUpperCase(),
  status: 'online',
  watched: true,
  uptimePercent: 100,
  series: [],
  ...more,
});
const days = (key: string, values: readonly number[]) => ({
  project: 'veria',
  key,
  hours: values.flatMap((value, age) =>
    Array.from({ length: 24 }, (_, i) => [NOW - (age * 24 + i + 1) * HOUR, value] as const),
  ),
});
const alert = (id: string, more: Partial<Alert> = {}): Alert => ({
  id,
  project: 'veria',
  severity: 'critical',
  category: 'availability',
  title: 'veria/api is down',
  description: '',
  autoFixable: false,
  status: 'resolved',
  fingerprint: 'f1',
  occurrences: 1,
  createdAt: '2026-11-19T10:00:00.000Z',
  lastSeenAt: '2026-11-19T10:00:00.000Z',
  ...more,
});

describe('the analysis', () => {
  it('says in peace that there is peace, and asks for nothing', () => {
    expect(examine({ projects: [project('veria'), project('performia')], alerts: [] }, NOW)).toEqual({
      summary: '2 projects, all online. No alert in seven days. No metric left its usual range.',
      alerts: [],
      optimizations: [],
      trends: [],
      action_items: [],
    });
  });

  it('makes an alert of what turned for the worse, and none of what turned for the better', () => {
    const series = [
      days('performance.latency_p95_ms', [450, 300, 300, 300, 300]),
      days('ai_cost', [9, 3, 3, 3, 3]),
      days('active_users', [900, 300, 300, 300, 300]),
    ];
    const insights = examine({ projects: [project('veria', { series })], alerts: [] }, NOW);
    expect(insights.alerts.map(({ title, severity, category }) => [title, severity, category])).toEqual([
      ['ai_cost of veria is up by 200 %', 'warning', 'cost'],
      ['performance.latency_p95_ms of veria is up by 50 %', 'warning', 'performance'],
    ]);
    expect(insights.trends.map(({ metric, meaning }) => [metric, meaning])).toEqual([
      ['ai_cost', 'worse'],
      ['performance.latency_p95_ms', 'worse'],
      ['active_users', 'better'],
    ]);
    expect(insights.optimizations).toEqual([
      expect.objectContaining({ site_key: 'veria', type: 'cost', priority: 'high' }),
    ]);
    expect(insights.summary).toContain('2 metrics turned for the worse, 1 for the better.');
  });

  it('names what comes back, what is offline, what nobody has taken up and what nothing checks', () => {
    const alerts = [
      alert('a4', { status: 'open' }),
      alert('a3'),
      alert('a2'),
      alert('a1', { fingerprint: 'f2' }),
      alert('a0'),
    ];
    const projects = [
      project('veria', { status: 'degraded', uptimePercent: 97.25 }),
      project('rollizr', { status: 'offline', uptimePercent: null, watched: false }),
    ];
    const insights = examine({ projects, alerts }, NOW);
    expect(insights.optimizations).toEqual([
      expect.objectContaining({
        type: 'reliability',
        priority: 'high',
        description: expect.stringContaining('opened 4 times'),
      }),
      expect.objectContaining({ site_key: 'rollizr', type: 'coverage' }),
    ]);
    expect(insights.action_items).toEqual([
      'Take up "veria/api is down", open since 2026-11-19T10:00 UTC.',
      'Find out why ROLLIZR is offline.',
    ]);
    expect(insights.summary).toBe(
      '2 projects: VERIA is degraded, ROLLIZR is offline. Least available was VERIA: 97.25 %. 5 alerts in seven days, 1 of them open. No metric left its usual range.',
    );
  });

  it('takes up what the performance of a project leaves to be improved', () => {
    const improvements = [{ description: 'An index is missing.', priority: 'high' as const }];
    const { optimizations } = examine({ projects: [project('veria', { improvements })], alerts: [] }, NOW);
    expect(optimizations).toEqual([
      { site_key: 'veria', type: 'performance', priority: 'high', description: 'An index is missing.' },
    ]);
  });

  it('says of an empty hub that it is empty', () => {
    expect(examine({ projects: [], alerts: [] }, NOW).summary).toBe('No project is declared yet.');
  });
});
