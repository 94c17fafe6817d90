import { describe, expect, it } from 'vitest';
import { completions } from './complete.ts';
import { parseExpression } from './expression.ts';
import { buildModel } from './model.ts';
import { graph, node } from './testing.ts';

const model = buildModel({
  ...graph(
    [
      node('veria', {
        name: 'Veria',
        risk: 0.8,
        tags: ['finance', 'eu'],
        domain: 'Finance',
        teams: ['payments'],
        freshnessDays: 3,
      }),
      node('performia', { name: 'Performia', risk: 0.2, tags: ['creative'], status: 'degraded', compliance: 0.5 }),
      node('rollizr', {
        name: 'Rollizr "Ltd"',
        risk: 0.5,
        tags: ['finance'],
        domain: 'Back office',
        status: 'offline',
      }),
    ],
    ['veria>performia:queue'],
  ),
  insights: { cycles: [], hubs: [], singlePoints: ['performia'] },
});

const found = (text: string) => {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return [...model.nodes.values()].filter((each) => parsed.test(each, model)).map(({ id }) => id);
};

describe('an expression', () => {
  it.each([
    ['risk > 0.5', ['veria']],
    ['risk>=0.5', ['veria', 'rollizr']],
    ['risk >= 50%', ['veria', 'rollizr']],
    ['tag:finance', ['veria', 'rollizr']],
    ['tag:finance !traffic', ['rollizr']],
    ['tag:finance and not status:offline', ['veria']],
    ['status:offline or status:degraded', ['performia', 'rollizr']],
    ['(tag:finance or tag:creative) traffic', ['veria', 'performia']],
    ['!(tag:finance or tag:creative)', []],
    ['domain:"back office"', ['rollizr']],
    ['team:payments', ['veria']],
    ['kind:queue', ['veria', 'performia']],
    ['compliance < 0.9', ['performia']],
    ['freshness != 3', []],
    ['needs > 0', ['veria']],
    ['neededby = 1', ['performia']],
    ['single', ['performia']],
    ['name:form', ['performia']],
    ['VERIA', ['veria']],
    ['"single"', []],
  ] as const)('%s finds %j', (text, slugs) => {
    expect(found(text)).toEqual(slugs);
  });

  it.each([
    ['risk >', 'wants a number', 5],
    ['risk > high', 'wants a number', 5],
    ['rsik > 1', 'is no number; there are risk', 0],
    ['colour:red', 'there is no “colour:”; there are tag', 0],
    ['tag:', 'wants a word', 3],
    ['(risk > 1', 'never closed', 0],
    ['risk > 1)', 'too much', 8],
    ['!', 'missing at the end', 1],
    ['domain:"x', 'quotation mark', 7],
    ['> 1', 'where a name should', 0],
  ] as const)('%s is refused: %s', (text, reason, at) => {
    const parsed = parseExpression(text);
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.reason).toContain(reason);
    expect(parsed.at).toBe(at);
  });

  it('is completed: presets for nothing, names for a word, values after a colon', () => {
    expect(completions('', model).map(({ text }) => text)).toContain('risk >= 0.7');
    expect(completions('tra', model).map(({ text }) => text)).toEqual(['traffic']);
    expect(completions('risk > 0.5 tag:f', model).map(({ whole }) => whole)).toEqual(['risk > 0.5 tag:finance ']);
    expect(completions('domain:', model).map(({ text }) => text)).toContain('domain:"Back office"');
    expect(completions('perf', model)).toEqual([{ text: 'Performia', says: 'performia', whole: 'performia ' }]);
  });
});
