import type { GeneralRemedy, Symptom } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { isSuppressed } from '../repair/index.ts';
import { believe, believeInGeneral, HALF_LIFE_MS, IMPORTED, meanOf, type Seen, upperOf, weigh } from './believe.ts';
import { patternId, symptomText } from './key.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const DOWN: Symptom = {
  category: 'availability',
  severity: 'critical',
  check: 'http',
  failure: 'failing',
  cause: null,
};
const RESTART: GeneralRemedy = { kind: 'docker', form: 'restart a container' };
const CLEAR: GeneralRemedy = { kind: 'action', form: 'ask for cache.clear' };

const seen = (
  where: string,
  tries: number,
  successes: number,
  { symptom = DOWN, remedy = RESTART, at = NOW, imported = false }: Partial<Seen> = {},
): Seen => {
  const [project = '', service = ''] = where.split('/');
  const patternIdOf = patternId(symptomText(symptom), remedy, project, service);
  return {
    ...{ patternId: patternIdOf, project, service, symptom, remedy, imported, tries, successes, at },
    triesSince: tries,
    successesSince: successes,
  };
};
const about = (where: string, { symptom = DOWN, remedy = RESTART }: Partial<Seen> = {}) => {
  const [project = '', service = ''] = where.split('/');
  return { project, service, symptom, remedy };
};
const at = (rows: readonly Seen[], where: string, other: Partial<Seen> = {}) => {
  const { a, b } = believe(weigh(rows, NOW), about(where, other));
  return { a, b, mean: a / (a + b) };
};

describe('what is believed of a remedy', () => {
  it('is even chances while nothing is known', () => {
    expect(at([], 'shop/api')).toEqual({ a: 1, b: 1, mean: 0.5 });
  });

  it('counts what was seen here, one for one', () => {
    expect(at([seen('shop/api', 4, 3)], 'shop/api')).toMatchObject({ a: 4, b: 2 });
  });

  it('begins elsewhere from what was seen in other places, which four own tries outweigh', () => {
    const elsewhere = [seen('shop/web', 30, 29), seen('bank/core', 10, 9)];
    expect(at(elsewhere, 'shop/api').mean).toBeCloseTo(39 / 42);
    expect(at([...elsewhere, seen('shop/api', 5, 0)], 'shop/api').mean).toBeLessThan(0.5);
  });

  it('does not count what was seen here as if it were elsewhere too', () => {
    const alone = at([seen('shop/api', 10, 0)], 'shop/api');
    expect(alone).toMatchObject({ a: 1, b: 11 });
  });

  it('is of this remedy for this symptom: another of either has no say', () => {
    const other = [
      seen('shop/api', 9, 0, { remedy: CLEAR }),
      seen('shop/api', 9, 0, { symptom: { ...DOWN, failure: 'slow' } }),
    ];
    expect(at(other, 'shop/api').mean).toBe(0.5);
  });

  it('of one cause lends its belief to the same trouble of another cause, and is its own', () => {
    const rows = [seen('shop/api', 8, 8, { symptom: { ...DOWN, cause: 'memory' } })];
    const memory = at(rows, 'shop/api', { symptom: { ...DOWN, cause: 'memory' } });
    const unknown = at(rows, 'shop/api');
    expect(memory).toMatchObject({ a: 9, b: 1 });
    expect(unknown.mean).toBeCloseTo(0.9);
    expect(unknown.a + unknown.b).toBe(4);
  });

  it('fades by half with each half-life', () => {
    const rows = [seen('shop/api', 8, 8, { at: NOW - HALF_LIFE_MS }), seen('shop/api', 8, 0)];
    expect(at(rows, 'shop/api')).toMatchObject({ a: 5, b: 9 });
  });

  it('takes imported tries for a quarter, and never for more than eight, however many a file claims', () => {
    expect(at([seen('', 8, 8, { imported: true })], 'shop/api').mean).toBeCloseTo(3 / 4);
    const general = believeInGeneral(weigh([seen('', 1e6, 0, { imported: true })], NOW), about('shop/api'));
    expect(general).toEqual({ a: 1, b: 1 + IMPORTED.most });
  });
});

describe('a remedy that did not help', () => {
  const suppressed = (rows: readonly Seen[], since = rows.reduce((sum, { tries }) => sum + tries, 0)) =>
    isSuppressed({ tries: since, successes: 0, upper: upperOf(believe(weigh(rows, NOW), about('shop/api'))) });
  it.each<[string, Seen[], boolean]>([
    ['three times is not yet suppressed', [seen('shop/api', 3, 0)], false],
    ['four times is', [seen('shop/api', 4, 0)], true],
    ['seven of eight times is', [seen('shop/api', 8, 1)], true],
    ['six of eight times is not', [seen('shop/api', 8, 2)], false],
    ['four times, a month ago, may be tried again', [seen('shop/api', 4, 0, { at: NOW - HALF_LIFE_MS / 3 })], false],
  ])('%s', (_, rows, is) => expect(suppressed(rows)).toBe(is));

  it('four times here is tried on where it helps everybody else', () => {
    const rows = [seen('shop/api', 4, 0), seen('bank/core', 40, 40)];
    expect(meanOf(believe(weigh(rows, NOW), about('shop/api')))).toBeGreaterThan(0.4);
    expect(suppressed(rows, 4)).toBe(false);
  });

  it('is not suppressed by what was imported: that was not tried here', () => {
    expect(suppressed([seen('shop/api', 1e6, 0, { imported: true })], 0)).toBe(false);
  });
});
