import { ChannelDeclaration, ProjectDeclaration, RouteDeclaration } from '@orrery/protocol';
import { expect, it } from 'vitest';
import { gaps } from './gaps.ts';

const project = (slug: string, tags: string[] = []) =>
  ProjectDeclaration.parse({ slug, name: slug, hubUrl: `http://${slug}.test`, tags });
const ops = (more: object = {}) =>
  ChannelDeclaration.parse({ name: 'ops', kind: 'slack', url: 'http://x.test', ...more });
const projects = [project('veria', ['prod']), project('labs')];
const route = (more: object) => RouteDeclaration.parse({ name: 'a', channels: ['ops'], ...more });

it.each([
  ['no channel at all: that is known', [], [], []],
  ['a channel for all', [ops()], [], []],
  [
    'a channel for critical alerts',
    [ops({ severities: ['critical'] })],
    [],
    ['warning alerts of veria', 'warning alerts of labs'],
  ],
  [
    'a route for some',
    [ops()],
    [route({ match: { tags: ['prod'] } })],
    ['critical alerts of labs', 'warning alerts of labs'],
  ],
  ['a last route for the rest', [ops()], [route({ match: { tags: ['prod'] } }), route({ name: 'b' })], []],
  [
    'a route to nobody on purpose',
    [ops()],
    [route({ match: { tags: ['prod'] } }), route({ name: 'b', channels: [] })],
    [],
  ],
  [
    'a route to a channel that is not there',
    [ops()],
    [route({ channels: ['slack'] })],
    ['critical alerts of veria', 'warning alerts of veria', 'critical alerts of labs', 'warning alerts of labs'],
  ],
])('%s', (_what, channels, routes, found) => {
  expect(gaps({ projects, channels, routes })).toEqual(found);
});
