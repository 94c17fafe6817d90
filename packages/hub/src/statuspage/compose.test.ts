import type { ServiceStatus } from '@orrery/protocol';
import { StatusPageDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { compose, type PageFacts } from './compose.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const DAY = 86_400_000;
const TODAY = Date.parse('2026-11-20T00:00:00Z');
const page = StatusPageDeclaration.parse({
  slug: 'public',
  title: 'Veria',
  groups: [
    { name: 'Shop', services: [{ service: 'veria/api', label: 'Checkout' }, { service: 'veria/web' }] },
    { name: 'Partners', services: [{ service: 'performia', label: 'Reports' }] },
  ],
});
const state = (project: string, service: string, status: ServiceStatus) => ({
  project,
  service,
  status,
  since: NOW - 5000,
});
const calm: PageFacts = {
  states: [
    state('veria', 'api', 'up'),
    state('veria', 'web', 'up'),
    state('veria', 'secret-admin', 'down'),
    state('performia', 'one', 'up'),
    state('performia', 'two', 'up'),
  ],
  outages: [],
  maintenance: [],
  daily: new Map([
    [
      'veria/api',
      new Map([
        [TODAY, 0.9999],
        [TODAY - DAY, 0.5],
      ]),
    ],
  ]),
};
const statusesOf = (facts: PageFacts) => {
  const view = compose(page, facts, NOW);
  return [
    view.status,
    ...view.groups.flatMap((group) => group.services.map(({ name, status }) => `${name} ${status}`)),
  ];
};

describe('the state of a page', () => {
  it.each<[string, Partial<PageFacts>, string[]]>([
    ['what is not on it does not count', {}, ['up', 'Checkout up', 'web up', 'Reports up']],
    [
      'a project is as well as its worst service',
      { states: [...calm.states.slice(0, 4), state('performia', 'two', 'down')] },
      ['down', 'Checkout up', 'web up', 'Reports down'],
    ],
    [
      'what was never checked is unknown',
      { states: calm.states.slice(1) },
      ['unknown', 'Checkout unknown', 'web up', 'Reports up'],
    ],
    [
      'trouble in a maintenance is maintenance',
      {
        states: [state('veria', 'api', 'down'), ...calm.states.slice(1)],
        maintenance: [
          {
            title: 'Move',
            from: NOW - 1,
            until: NOW + 1,
            covers: (project, service) => project === 'veria' && service === 'api',
          },
        ],
      },
      ['maintenance', 'Checkout maintenance', 'web up', 'Reports up'],
    ],
  ])('%s', (_name, facts, expected) => expect(statusesOf({ ...calm, ...facts })).toEqual(expected));
});

it('shows ninety days, and never rounds an outage away', () => {
  const [checkout] = compose(page, calm, NOW).groups[0]?.services ?? [];
  expect(checkout?.days).toHaveLength(90);
  expect(checkout?.days.slice(-2)).toEqual([
    { day: '2026-11-19', uptimePercent: 50 },
    { day: '2026-11-20', uptimePercent: 99.99 },
  ]);
  expect(checkout?.days[0]?.uptimePercent).toBeNull();
  expect(checkout?.uptimePercent).toBe(74.99);
});

describe('incidents', () => {
  const outage = (project: string, service: string, ago: number, lasted: number | null, severity = 'critical') => ({
    project,
    service,
    severity,
    startedAt: NOW - ago,
    endedAt: lasted === null ? null : NOW - ago + lasted,
  });
  const incidents = (outages: PageFacts['outages']) =>
    compose(page, { ...calm, outages }, NOW).incidents.map(({ title, status }) => `${status}: ${title}`);

  it.each<[string, PageFacts['outages'], string[]]>([
    ['one that lasts', [outage('veria', 'api', 60_000, null)], ['open: Checkout is unavailable']],
    ['one that is over', [outage('veria', 'web', 60_000, 5000, 'warning')], ['resolved: web was degraded']],
    [
      'what begins together is one',
      [
        outage('veria', 'api', 60_000, null),
        outage('veria', 'web', 30_000, 1000),
        outage('performia', 'two', 20_000, 10),
      ],
      ['open: Checkout is unavailable'],
    ],
    [
      'of several that last each is named, as bad as the worst of them is now',
      [
        outage('veria', 'api', 60_000, null, 'warning'),
        outage('veria', 'web', 30_000, 1000),
        outage('performia', 'two', 20_000, null, 'warning'),
      ],
      ['open: Checkout and Reports are degraded'],
    ],
    [
      'of what is over all are named',
      [outage('veria', 'api', 60_000, 5000, 'warning'), outage('veria', 'web', 30_000, 1000)],
      ['resolved: Checkout and web were unavailable'],
    ],
    ['what is not on the page is nobody’s business', [outage('veria', 'secret-admin', 60_000, null)], []],
    [
      'the newest stands first',
      [outage('veria', 'api', 9_000_000, 1000), outage('veria', 'web', 60_000, null)],
      ['open: web is unavailable', 'resolved: Checkout was unavailable'],
    ],
  ])('%s', (_name, outages, expected) => expect(incidents(outages)).toEqual(expected));
});

it('says nothing but labels, states and times', () => {
  const facts: PageFacts = {
    ...calm,
    states: [state('veria', 'api', 'down'), ...calm.states.slice(1)],
    outages: [{ project: 'veria', service: 'api', severity: 'critical', startedAt: NOW, endedAt: null }],
  };
  const text = JSON.stringify(compose(page, facts, NOW));
  for (const inside of ['veria/', 'secret-admin', 'performia', '"api"']) expect(text).not.toContain(inside);
});
