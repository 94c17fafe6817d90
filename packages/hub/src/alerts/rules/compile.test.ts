// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions in texts are the subject.
import { RuleDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { compileRule, ruleProblems } from './compile.ts';
import { EventSubject, SampleSubject, type Subject } from './subjects.ts';

const event = (more: Partial<EventSubject> = {}) =>
  new EventSubject({
    id: 'e-1',
    type: 'deploy.finished',
    project: 'veria',
    service: '',
    title: 'Deploy of 1.4',
    data: { status: 'failed', version: '1.4', tries: 3, hosts: ['a', 'b'], nested: { x: null } },
    at: new Date('2026-11-21T04:00:00Z'),
    ...more,
  });
const sample = new SampleSubject({
  project: 'veria',
  service: 'api',
  key: 'ai.cost_usd',
  value: 12.5,
  unit: 'USD',
  tags: { model: 'large' },
  at: new Date('2026-11-21T04:00:00Z'),
});
const declare = (when: string, title = 't', on: 'event' | 'sample' = 'event') =>
  RuleDeclaration.parse({ name: 'r', on, when, effect: { kind: 'alert', title } });
const compiled = (...of: Parameters<typeof declare>) => {
  const rule = compileRule(declare(...of));
  if (Array.isArray(rule)) throw new Error(JSON.stringify(rule));
  return rule;
};
const holds = (when: string, subject: Subject = event()) =>
  compiled(when, 't', subject instanceof SampleSubject ? 'sample' : 'event').when(subject);
const problems = (...of: Parameters<typeof declare>) =>
  ruleProblems(declare(...of)).map(({ path, reason }) => `${path.join('.')}: ${reason}`);

describe('a condition', () => {
  it.each([
    'event.type == "deploy.finished" && event.data.status == "failed"',
    'event.data.tries > 2 && event.data.tries >= 3.0',
    'event.type.startsWith("deploy.") && event.title.contains("1.4")',
    'event.data.hosts.exists(host, host == "b")',
    'size(event.data.hosts) == 2 && "a" in event.data.hosts',
    'has(event.data.status) && !has(event.data.nothing)',
    'event.data.?nothing.orValue("none") == "none"',
    'event.service == ""',
    'event.data.nested.x == null',
    'event.title.matches("Deploy of [0-9]+[.][0-9]+")',
    '(event.title + "!").matches("4!$") && event.data.version.matches("^1")',
    // Only the engine of linear time knows this way of naming a group.
    'event.title // what matches(\n . // matches\n matches("(?P<first>Deploy) of")',
    '(event.title // matches\n).matches("(?P<first>Deploy) of")',
    'event.title // a line goes on after\rmatches\n.matches("(?P<first>Deploy) of")',
    'event.at > timestamp("2026-01-01T00:00:00Z") && event.at.getHours() == 4',
  ])('about an event: %s', (when) => expect(holds(when)).toBe(true));

  it.each(['sample.key == "ai.cost_usd" && sample.value > 10', 'sample.tags.model == "large"', 'sample.unit != ""'])(
    'about a sample: %s',
    (when) => expect(holds(when, sample)).toBe(true),
  );

  it.each([
    [
      'event.typo == "x"',
      'when: No such key: typo; event has id, type, project, service, title, data, at (at character 7: "typo")',
    ],
    ['evnt.type == "x"', 'when: Unknown variable: evnt; only "event" is known here (at character 1: "evnt")'],
    ['sample.value > 1', 'when: Unknown variable: sample; only "event" is known here (at character 1: "sample")'],
    ['event.type > 3', 'when: no such overload: string > int (at character 1: "event.type > 3")'],
    ['event.type', 'when: must be true or false, not string (at character 1: "event.type")'],
    ['event.type == ', 'when: Unexpected token: EOF (at character 15)'],
    ['nope(event.type)', 'when: found no matching overload for \'nope(string)\' (at character 1: "nope(event.type)")'],
    ['event.title.matches("(")', /^when: is no pattern that RE2 knows: .*missing.* \(at character 21: "\\"\(\\""\)$/],
    ['event.title.matches("(a)\\\\1")', /^when: is no pattern that RE2 knows/],
    [
      'event.title.matches(event.data.x)',
      'when: matches takes one pattern, written in quotes (at character 21: "event.data.x")',
    ],
    [
      'event.data.a.exists(x, event.data.b.exists(y, x == y))',
      /^when: a loop inside a loop is not taken in rules \(at character 24/,
    ],
    ['cel.bind(a, "x" + "x", a + a == "")', /^when: cel.bind is not taken in rules/],
    [`${'('.repeat(40)}true${')'.repeat(40)}`, /^when: /],
    [Array.from({ length: 200 }, () => 'true').join('&&'), /^when: /],
  ])('that is wrong says what and where: %s', (when, said) => {
    expect(problems(when)).toEqual([typeof said === 'string' ? said : expect.stringMatching(said)]);
  });

  it('finds text in linear time, where the usual engine would not come back', () => {
    const hostile = event({ title: `${'a'.repeat(5000)}!` });
    const rule = compiled(
      'event.title.matches("^(a+)+$") || event.title.matches("(a|aa)+$") || event.title.matches("(.*)(.*)(.*)x$")',
    );
    const started = performance.now();
    expect(rule.when(hostile)).toBe(false);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('cannot reach what is behind the values', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      expect(() => holds(`event.data.${name} != null`), name).toThrow(/No such key/);
  });

  it('knows which events and samples it can hold for at all', () => {
    const words = (when: string, on: 'event' | 'sample' = 'event') => {
      const found = compiled(when, 't', on).words;
      return found && [...found];
    };
    expect(words('event.data.x == 1 && event.type == "a"')).toEqual(['a']);
    expect(words('(event.type == "a" || "b" == event.type) && event.data.x == 1')).toEqual(['a', 'b']);
    expect(words('event.type in ["a", "b"] && event.type in ["b", "c"]')).toEqual(['b']);
    expect(words('event.type == "a" || event.data.x == 1')).toBeUndefined();
    expect(words('event.type != "a"')).toBeUndefined();
    expect(words('!(event.type == "a")')).toBeUndefined();
    expect(words('event.data.type == "a"')).toBeUndefined();
    expect(words('sample.key == "k" && sample.value > 1', 'sample')).toEqual(['k']);
  });
});

describe('a text of a rule', () => {
  const written = (title: string, subject: Subject = event()) => compiled('true', title).title(subject);

  it.each([
    ['Deploy of ${event.project} failed', 'Deploy of veria failed'],
    ['${event.data.tries} tries at ${event.at}', '3 tries at 2026-11-21T04:00:00.000Z'],
    ['${event.data.hosts} ${event.data.tries > 2.0 ? "many" : "few"}', '["a","b"] many'],
    ['${{"a": "}"}.a} and ${\'}\' + "\\"}"}', '} and }"}'],
    ['costs $5, $${event.project} is written like this', 'costs $5, ${event.project} is written like this'],
    ['version ${event.data.missing}, ${event.data.nested.x}', 'version ?, ?'],
  ])('%s', (title, said) => expect(written(title)).toBe(said));

  it.each([
    [
      'of ${event.typo}',
      'effect.title: No such key: typo; event has id, type, project, service, title, data, at (at character 12: "typo")',
    ],
    [
      'of ${event.type',
      'effect.title: ${ is not closed; write $${ for the text itself (at character 4: "${event.type")',
    ],
    ['of ${}', 'effect.title: Unexpected token: EOF (at character 6)'],
  ])('that is wrong says what and where: %s', (title, said) => expect(problems('true', title)).toEqual([said]));
});
