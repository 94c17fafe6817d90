import { expect, it } from 'vitest';
import type { Condition, Facts, LogFact } from '../facts.ts';
import { logs } from './logs.ts';

const LIMITS = { offlineAfterMs: 600_000 };
const line = (more: Partial<LogFact>): LogFact => ({
  id: 'ltp_1',
  service: 'api',
  template: 'payment of <*> refused',
  example: 'payment of 12 refused',
  level: 1,
  firstAt: 1000,
  lastAt: 2000,
  total: 3,
  isNew: false,
  ...more,
});
const facts = (found: LogFact[] | undefined): Facts => ({
  project: 'veria',
  name: 'Veria',
  lastSeenAt: 0,
  silentMs: 0,
  services: [],
  metrics: [],
  logs: found,
});
const rise = { lines: 500, usual: 12 };

it.each<[string, Partial<LogFact>, [string, string][]]>([
  ['nothing special', {}, []],
  ['a new line of the everyday', { isNew: true }, []],
  ['a new warning', { isNew: true, level: 2 }, [['info', 'veria/api logs something new: payment of <*> refused']]],
  ['a new error', { isNew: true, level: 3 }, [['warning', 'veria/api logs something new: payment of <*> refused']]],
  ['a flood of the everyday', { rise }, [['info', 'veria/api logs far more often: payment of <*> refused']]],
  ['a flood of errors', { rise, level: 4 }, [['warning', 'veria/api logs far more often: payment of <*> refused']]],
])('%s', (_name, more, expected) => {
  const verdicts = logs(facts([line(more)]), LIMITS, new Map());
  expect(verdicts.map((v) => (v.state === 'firing' ? [v.finding.severity, v.finding.title] : v.state))).toEqual(
    expected,
  );
});

it('leaves what it said before as it was while this hub has not looked', () => {
  const [first] = logs(facts([line({ rise })]), LIMITS, new Map());
  if (first?.state !== 'firing') throw new Error('it fires');
  const condition: Condition = { since: 0, seenAt: 0, firing: true, finding: first.finding };
  const remembered = new Map([
    [first.fingerprint, condition],
    ['other', { ...condition, finding: { ...first.finding, detector: 'status' } }],
  ]);
  expect(logs(facts(undefined), LIMITS, remembered)).toEqual([{ fingerprint: first.fingerprint, state: 'unknown' }]);
  expect(logs(facts([]), LIMITS, remembered)).toEqual([]);
});
