import { RouteDeclaration, type Severity } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { glob } from '../../platform/glob.ts';
import { mismatch, type ProjectWords, type Subject } from './match.ts';
import { type Refusal, route } from './route.ts';

const NOW = Date.UTC(2026, 10, 21, 4);
const alert = (more: Partial<Subject> = {}): Subject => ({
  project: 'veria',
  service: 'api',
  severity: 'critical',
  category: 'availability',
  title: 'api is down',
  ...more,
});
const words: ProjectWords = { tags: ['prod', 'eu-west'], teams: ['payments'] };

describe('a pattern', () => {
  it.each([
    ['veria', 'veria', true],
    ['veria', 'veria2', false],
    ['Veria', 'veria', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['ver*', 'veria', true],
    ['*ia', 'veria', true],
    ['v*r*a', 'veria', true],
    ['v*r*x', 'veria', false],
    ['**a**', 'veria', true],
    ['a*b*a', 'aba', true],
    ['a*b*a', 'ab', false],
    ['*.*', 'veria', false],
    ['v?ria', 'veria', false],
    ['(v|e)*', 'veria', false],
    ['', '', true],
    ['', 'a', false],
  ])('%j fits %j: %s', (pattern, text, fits) => {
    expect(glob(pattern, text)).toBe(fits);
  });

  it('takes no longer than the lengths multiplied, however it is made', () => {
    const text = 'a'.repeat(2000);
    const started = performance.now();
    for (let i = 0; i < 20; i++) expect(glob(`${'a*'.repeat(60)}b`, text)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('a match', () => {
  it.each([
    ['nothing asked for', {}, undefined],
    ['a project of several', { projects: ['other', 'ver*'] }, undefined],
    ['another project', { projects: ['other'] }, 'the project is none of "other"'],
    ['a service by its name', { services: ['a*'] }, undefined],
    ['a service of a project', { services: ['veria/api'] }, undefined],
    ['the service of another project', { services: ['other/api'] }, 'the service is none of "other/api"'],
    ['a severity', { severities: ['warning', 'info'] as Severity[] }, 'the severity is not warning or info'],
    ['a category', { categories: ['cost' as const] }, 'the category is not cost'],
    ['a tag', { tags: ['eu-*'] }, undefined],
    ['a tag it has not', { tags: ['staging'] }, 'the project has no tag "staging"'],
    ['a team', { teams: ['payments'] }, undefined],
    ['a team it is not of', { teams: ['search'] }, 'the project has no team "search"'],
    ['a title', { titles: ['* is down'] }, undefined],
    ['another title', { titles: ['slow*'] }, 'the title is none of "slow*"'],
    ['all of it', { projects: ['veria'], tags: ['prod'], titles: ['api*'] }, undefined],
    ['all but one', { projects: ['veria'], tags: ['prod'], titles: ['x*'] }, 'the title is none of "x*"'],
  ])('asks for %s', (_what, match, against) => {
    expect(mismatch(match, alert(), words)).toBe(against);
  });

  it('of a service never means what belongs to no service', () => {
    expect(mismatch({ services: ['*'] }, alert({ service: null }), words)).toBe('the service is none of "*"');
  });
});

describe('routes', () => {
  const refusal: Refusal = (channel, { severity }) =>
    channel === 'gone'
      ? 'there is no channel gone'
      : channel === 'pager' && severity !== 'critical'
        ? `pager takes no ${severity} alerts`
        : undefined;
  const led = (routes: z.input<typeof RouteDeclaration>[], subject = alert(), now = NOW) =>
    route(
      subject,
      words,
      { routes: routes.map((each) => RouteDeclaration.parse(each)), channels: ['ops', 'pager', 'mail'], refusal },
      now,
    );
  const night = { from: '22:00', to: '06:00', timeZone: 'UTC' };

  it.each([
    ['none: every channel by its own filter', [], alert(), ['ops', 'pager', 'mail']],
    ['none, and a channel that takes no warnings', [], alert({ severity: 'warning' }), ['ops', 'mail']],
    [
      'the first that matches',
      [
        { name: 'a', channels: ['ops'] },
        { name: 'b', channels: ['mail'] },
      ],
      alert(),
      ['a>ops'],
    ],
    [
      'the second, when the first does not match',
      [
        { name: 'a', match: { severities: ['info' as const] }, channels: ['ops'] },
        { name: 'b', channels: ['mail'] },
      ],
      alert(),
      ['b>mail'],
    ],
    [
      'one that goes on, and the next',
      [
        { name: 'a', channels: ['ops'], continue: true },
        { name: 'b', channels: ['mail'] },
        { name: 'c', channels: ['pager'] },
      ],
      alert(),
      ['a>ops', 'b>mail'],
    ],
    [
      'a channel that two lead to: once, by the first',
      [
        { name: 'a', channels: ['ops'], continue: true },
        { name: 'b', channels: ['ops', 'mail'] },
      ],
      alert(),
      ['a>ops', 'b>mail'],
    ],
    [
      "a channel's own filter still narrows",
      [{ name: 'a', channels: ['pager', 'ops', 'gone'] }],
      alert({ severity: 'warning' }),
      ['a>ops'],
    ],
    [
      'one that leads to nobody on purpose',
      [
        { name: 'a', channels: [] },
        { name: 'b', channels: ['ops'] },
      ],
      alert(),
      [],
    ],
    ['none that matches', [{ name: 'a', match: { projects: ['x'] }, channels: ['ops'] }], alert(), []],
  ])('%s', (_what, routes, subject, expected) => {
    expect(
      led(routes, subject).led.map(({ channel, route: by }) => (by === null ? channel : `${by}>${channel}`)),
    ).toEqual(expected);
  });

  it('say how they were decided on', () => {
    const { steps } = led(
      [
        { name: 'a', match: { tags: ['staging'] }, channels: ['ops'] },
        { name: 'b', match: { tags: ['prod'] }, channels: ['pager'], continue: true, quietHours: [night] },
        { name: 'c', channels: [] },
        { name: 'd', channels: ['ops'] },
      ],
      alert({ severity: 'warning' }),
    );
    expect(steps()).toEqual([
      { route: 'a', taken: false, reason: 'the project has no tag "staging"' },
      {
        route: 'b',
        taken: true,
        reason:
          'everything it asks for holds; pager takes no warning alerts; quiet hours; the routes after it are looked at too',
      },
      { route: 'c', taken: true, reason: 'it takes all; it leads to nobody' },
    ]);
  });

  it('tell after the quiet hours, unless the severity is excepted or another route leads there at once', () => {
    const routes = [{ name: 'a', channels: ['ops'], quietHours: [night] }];
    expect(led(routes).led).toEqual([{ channel: 'ops', route: 'a', notBefore: NOW }]);
    const warning = alert({ severity: 'warning' });
    expect(led(routes, warning).led).toEqual([{ channel: 'ops', route: 'a', notBefore: Date.UTC(2026, 10, 21, 6) }]);
    const both = [
      { ...routes[0], name: 'a', channels: ['ops'], continue: true },
      { name: 'b', channels: ['ops'] },
    ];
    expect(led(both, warning).led).toEqual([{ channel: 'ops', route: 'b', notBefore: NOW }]);
  });

  it('are decided on for a thousand alerts in tens of milliseconds', () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      RouteDeclaration.parse({
        name: `r${i}`,
        match: { projects: [`nobody-${i}*`], titles: ['*x*y*z*'] },
        channels: ['ops'],
      }),
    );
    const last = RouteDeclaration.parse({ name: 'last', channels: ['ops'], quietHours: [night] });
    const table = { routes: [...many, last], channels: ['ops'], refusal };
    const started = performance.now();
    for (let i = 0; i < 1000; i++)
      expect(route(alert({ severity: 'warning', title: `t${i}` }), words, table, NOW).led).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
