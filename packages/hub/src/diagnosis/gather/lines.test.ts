import type { LogTemplate } from '@orrery/protocol';
import { expect, it } from 'vitest';
import { lineFacts } from './lines.ts';

const BEGAN = Date.parse('2026-11-20T12:00:00Z');
const line = (template: string, firstMs: number, lastMs = firstMs): LogTemplate => ({
  id: template,
  project: 'shop',
  service: 'api',
  level: 'warn',
  template,
  example: template,
  ...{ total: 3, lastDay: 3, hours: [] },
  firstAt: new Date(BEGAN + firstMs).toISOString(),
  lastAt: new Date(BEGAN + lastMs).toISOString(),
  isNew: true,
  isFrequent: false,
});

/** Known for long enough that what is new is new. */
const OLD = line('order <*> paid', -3_600_000, 0);

it.each<[string, LogTemplate, string[]]>([
  ['came with the trouble', line('connect ECONNREFUSED <*>', -1000), ['dependency']],
  ['is about the way to this hub', line('the hub cannot be reached: ECONNREFUSED', -1000), []],
  ['is old and as frequent as ever', line('could not connect to <*>', -3_600_000, 0), []],
])('a line that %s', (_, template, kinds) => {
  expect(lineFacts([OLD, template], BEGAN).flatMap(({ speaks }) => speaks.map(({ kind }) => kind))).toEqual(kinds);
});
