import { ChannelDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { channelProblems } from './check.ts';
import { PAYLOADS } from './payloads.ts';
import { compileTemplate } from './placeholders.ts';
import { notification, outgoing } from './testing.ts';
import { TEMPLATE_PATHS, templateValues } from './values.ts';

const context = { publicUrl: 'https://orrery.example' };
const problem = (body: string, headers: Record<string, string> = {}) =>
  channelProblems(
    ChannelDeclaration.parse({ name: 'x', kind: 'template', url: 'https://x.example', body, headers }),
  ).map(({ path, reason }) => `${path.join('.')}: ${reason}`);
const rendered = (body: string, values: unknown) => {
  const compiled = compileTemplate(body);
  if ('problem' in compiled) throw new Error(compiled.problem);
  return JSON.parse(compiled.render(values));
};

describe('a template', () => {
  it.each([
    ['{"a": "{{alert.titel}}"}', 'body: {{alert.titel}} names nothing that a notification holds'],
    [
      '{"a":\n "{{link}}",\n "b": {{link}}}',
      'body: {{link}} stands outside a string; put it in quotes, or write {{{link}}} for a JSON value (line 3 of the template)',
    ],
    ['{"a": "{{{alert}}}"}', 'body: {{{alert}}} stands inside a string; write {{alert}} there'],
    ['{"a": "\\{{link}}"}', 'body: {{link}} stands in the middle of an escape sequence; write \\\\ for a backslash'],
    ['{"a": "\\u00{{type}}"}', 'body: {{type}} stands in the middle of an escape sequence; write \\\\ for a backslash'],
    ['{"a": "{{alert title}}"}', 'body: {{alert title}} is no path: write words with dots between them, "alert.title"'],
    [
      '{"a": "{{alert.__proto__}}"}',
      'body: {{alert.__proto__}} is no path: write words with dots between them, "alert.title"',
    ],
    ['{{{{alert}}}}', /^body: is no JSON/],
    ['{ {{{type}}}: 1 }', /^body: is no JSON/],
    ['{"a": 1{{{alert.occurrences}}}}', /^body: is no JSON/],
    ['{"a": "{{link}}",}', /^body: is no JSON/],
    ['not json', /^body: is no JSON/],
    ['{"a": "the secret key",\n "b" 1}', 'body: is no JSON (line 2 of the template)'],
  ])('that would not be JSON is refused: %s', (body, said) => {
    expect(problem(body)).toEqual([typeof said === 'string' ? said : expect.stringMatching(said)]);
  });

  it('may not write the headers that frame the exchange', () => {
    expect(problem('{}', { 'Content-Length': '1', 'x-key': 'k' })).toEqual([
      'headers.Content-Length: is written by the hub itself',
    ]);
  });

  it('knows every path that it names, and what an alert does not have is an empty text and null', () => {
    const values = templateValues(outgoing(notification({ service: undefined })), context);
    for (const path of TEMPLATE_PATHS)
      expect(problem(`{"text": "{{${path}}}", "value": {{{${path}}}}}`), path).toEqual([]);
    expect(rendered('["{{alert.service}}", {{{alert.service}}}, {{{project.domain}}}]', values)).toEqual([
      '',
      null,
      null,
    ]);
    expect(Object.keys(values).every((name) => TEMPLATE_PATHS.includes(name))).toBe(true);
  });

  it('takes facts of the project', () => {
    const projectOf = () => ({ name: 'Veria', tags: ['finance'], teams: ['payments', 'core'], domain: 'Finance' });
    const values = templateValues(outgoing(), { ...context, projectOf });
    expect(rendered('{"to": {{{project.teams}}}, "text": "{{project.name}}: {{project.tags}}"}', values)).toEqual({
      to: ['payments', 'core'],
      text: 'Veria: ["finance"]',
    });
  });

  it('stays JSON and keeps every text letter by letter, whatever a product calls itself', () => {
    const body =
      '{"k\\"{{alert.title}}": "a\\\\{{ alert.title }}z", "v": [{{{alert.title}}}, {{{ alert }}}], "lone": "{{alert.project}}"}';
    const unpaired = [...PAYLOADS, '\ud800', 'x\udfffy', '\\', '"', '\\"', '\u0000', '{{link}}', '{{{alert}}}', '$&'];
    for (const payload of unpaired) {
      const alert = { title: payload, project: payload, description: payload };
      const { v, lone, ...rest } = rendered(body, templateValues(outgoing(notification(alert)), context));
      expect(v).toEqual([payload, expect.objectContaining({ title: payload })]);
      expect(lone).toBe(payload);
      expect(rest).toEqual({ [`k"${payload}`]: `a\\${payload}z` });
    }
  });

  it('is text made at random and yet never breaks: what compiles is JSON for hostile values', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      '\\u00',
      '1',
      'null',
      '"a"',
      '{{link}}',
      '{{{alert}}}',
      '{{alert.title}}',
      '{{{type}}}',
      ' ',
    ];
    const values = templateValues(outgoing(notification({ title: '"}],{\\' })), context);
    let compiledOnes = 0;
    const template = () => Array.from({ length: 1 + random(8) }, () => pieces[random(pieces.length)]).join('');
    for (let i = 0; i < 40_000; i++) {
      // Half of them begin as something that is right, so that enough get through.
      const text = i % 2 === 0 ? template() : `{"a": "x${template()}", "b": {{{alert}}}}`;
      const compiled = compileTemplate(text);
      if ('problem' in compiled) continue;
      compiledOnes += 1;
      expect(() => JSON.parse(compiled.render(values)), text).not.toThrow();
    }
    expect(compiledOnes).toBeGreaterThan(1000);
  });
});
