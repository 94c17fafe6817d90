import { describe, expect, it } from 'vitest';
import { FAMILIES, type InspectedFamily, inspect } from '../../src/attacks/index.ts';
import { ATTACKS } from './attacks.fixture.ts';
import { BENIGN } from './benign.fixture.ts';
import { ENCODINGS, mixedCase } from './encodings.fixture.ts';

const names = Object.keys(FAMILIES) as InspectedFamily[];
const found = (target: string): string | undefined => inspect({ target })[0]?.family;
const missed = (payloads: readonly string[], write: (payload: string) => string, family: string) =>
  payloads.filter((payload) => found(`/search?q=${write(payload)}`) !== family);

describe.each(names)('the family %s', (family) => {
  const payloads = ATTACKS[family];

  it.each(Object.entries(ENCODINGS))('knows each of its attacks %s', (_how, encode) => {
    expect(missed(payloads, encode, family)).toEqual([]);
  });

  it('knows them in mixed case', () => {
    // What is spelled by a shell, a template engine or a lookup has its case.
    if (!['sql-injection', 'xss', 'path-traversal'].includes(family)) return;
    expect(missed(payloads, (payload) => encodeURIComponent(mixedCase(payload)), family)).toEqual([]);
  });

  it('knows them in fields of a JSON body, parsed or as its text', () => {
    // A text of several lines is prose, which has line breaks of its own; so is no header's beginning looked for in one.
    const fields = payloads.filter((payload) => !payload.includes('\n') && family !== 'header-split');
    const bodies = (payload: string) => [{ user: { name: payload } }, JSON.stringify([{ name: payload }])];
    expect(
      fields.filter((payload) => bodies(payload).some((body) => inspect({ target: '/', body })[0]?.family !== family)),
    ).toEqual([]);
  });

  it('says which part of the request it was, and nothing of what stood there', () => {
    for (const payload of payloads) {
      const [sign] = inspect({ target: `/search?q=${encodeURIComponent(payload)}` });
      expect(sign?.place).toBe('query q');
      expect(sign?.rule).toMatch(/^[a-z][a-z-]{1,30}$/);
    }
  });
});

describe('honest traffic', () => {
  const innocent = (request: Parameters<typeof inspect>[0]) => inspect(request);

  it.each(BENIGN)('is left alone: %j', (text) => {
    const line = text.replace(/[\r\n]/g, ' ');
    expect(innocent({ target: `/search?q=${encodeURIComponent(text)}` })).toEqual([]);
    expect(innocent({ target: `/search?q=${encodeURIComponent(text).replaceAll('%20', '+')}&page=2` })).toEqual([]);
    expect(innocent({ target: `/api?filter=${encodeURIComponent(JSON.stringify({ text, list: [text] }))}` })).toEqual(
      [],
    );
    expect(innocent({ target: `/login?next=${encodeURIComponent(`/search?q=${encodeURIComponent(text)}`)}` })).toEqual(
      [],
    );
    expect(innocent({ target: '/comments', body: { text, nested: [{ text }] } })).toEqual([]);
    expect(innocent({ target: '/comments', body: `${text}\n\n${'and more of the same. '.repeat(20)}${text}` })).toEqual(
      [],
    );
    expect(innocent({ target: '/', header: (name) => (name === 'user-agent' ? line : undefined) })).toEqual([]);
    const referer = `https://shop.example/search?q=${encodeURIComponent(text)}`;
    expect(innocent({ target: '/', header: (name) => (name === 'referer' ? referer : undefined) })).toEqual([]);
  });
});

describe('what is sent to make it slow', () => {
  const floods: Record<string, string> = {
    quotes: "'",
    'double quotes': '"',
    'quotes and blanks': "' or ",
    'words of SQL': "' or 'a'='a",
    'unclosed comments': '/*',
    unions: 'union ',
    tags: '<a ',
    'tags without an end': '<script ',
    handlers: ' on',
    steps: '../',
    dots: '.',
    semicolons: ';',
    pipes: '|',
    dollars: '${',
    braces: '{{',
    percents: '%25',
    ampersands: '&#x26;',
    backslashes: '\\u005c',
    brackets: '[',
    parentheses: '(',
    blanks: ' ',
    breaks: '\r\n',
    zeros: '0',
    letters: 'a',
  };

  it.each(Object.entries(floods))('100 kB of %s take no longer than their length allows', (_name, piece) => {
    const text = piece.repeat(Math.ceil(100_000 / piece.length));
    const requests = [
      { target: `/search?q=${encodeURIComponent(text)}` },
      { target: `/search?q=${text}` },
      { target: `/${text}` },
      { target: '/', body: { text } },
      { target: '/', body: text },
      { target: '/', header: () => text },
    ];
    for (const request of requests) inspect(request);
    const before = process.cpuUsage();
    for (let round = 0; round < 3; round++) for (const request of requests) inspect(request);
    const { user, system } = process.cpuUsage(before);
    const msEach = (user + system) / 1000 / (3 * requests.length);
    expect(msEach).toBeLessThan(25);
  });
});
