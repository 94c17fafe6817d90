import { describe, expect, it } from 'vitest';
import { createTree, MAX_TEMPLATES, type Template, wordsOf } from './drain.ts';

describe('words of a line', () => {
  it.each([
    ['took 12ms and 3.5s for 10 rows', 'took <*> and <*> for <*> rows'],
    ['user 42 signed in from 10.0.0.7:5123', 'user <*> signed in from <*>'],
    ['order 7f3a2b1c-0d1e-4f2a-8b3c-123456789abc done', 'order <*> done'],
    ['GET https://shop.test/cart?x=1 failed', 'GET <*> failed'],
    ['at 2026-11-20T10:00:00.123Z: started', 'at <*>: started'],
    ['mail to ann@shop.test bounced', 'mail to <*> bounced'],
    ['commit deadbeef01 deployed', 'commit <*> deployed'],
    ['sha 0xff and key "any thing at all"', 'sha <*> and key <*>'],
    ["it's fine and don't touch utf8 or v2", "it's fine and don't touch utf8 or v2"],
    ['Error: boom\n    at file.js:1:2', 'Error: boom'],
    ['', ''],
  ])('%j', (line, template) => expect(wordsOf(line).join(' ')).toBe(template));

  it('takes no longer for a line made to be slow than for any other of its length', () => {
    for (const evil of ['1'.repeat(4000), 'a1'.repeat(2000), '"'.repeat(4000), 'x@'.repeat(2000), '1.'.repeat(2000)])
      expect(wordsOf(evil).length).toBeLessThanOrEqual(65);
  });
});

/** Feeds lines through a tree as a miner does; the templates that come out. */
function mined(lines: readonly string[]): string[] {
  const tree = createTree<Template>();
  const all: { id: string; words: readonly string[] }[] = [];
  for (const line of lines) {
    const words = wordsOf(line);
    const found = tree.find(words);
    if (found) found.template.words = found.words;
    else {
      const template = { id: String(all.length), words };
      all.push(template);
      tree.add(template);
    }
  }
  return all.map(({ words }) => words.join(' '));
}

describe('templates', () => {
  it.each<[string, string[], string[]]>([
    [
      'lines that differ in a word are one',
      ['connection to db refused by peer', 'connection to cache refused by peer', 'connection to db refused by peer'],
      ['connection to <*> refused by peer'],
    ],
    [
      'lines of other lengths, or with another beginning, are others',
      ['job done', 'job done at last', 'task done'],
      ['job done', 'job done at last', 'task done'],
    ],
    ['lines of values alone are one', ['1 2 3', '4 5 6'], ['<*> <*> <*>']],
    [
      'a line that agrees in less than half of its words is another',
      ['a b c d e f', 'a b x y z w'],
      ['a b c d e f', 'a b x y z w'],
    ],
    ['empty lines are one', ['', ' ', '\n'], ['']],
  ])('%s', (_name, lines, templates) => expect(mined(lines)).toEqual(templates));

  it('hold a log in which every line begins with another word within bounds', () => {
    const lines = Array.from(
      { length: 5000 },
      (_, n) => `${String.fromCharCode(97 + (n % 26))}${n.toString(36)}x went away again today`,
    );
    expect(mined(lines).length).toBeLessThan(MAX_TEMPLATES);
  });
});
