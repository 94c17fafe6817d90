import { styleText } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ago, painter, state, table } from './output.ts';

const plain = (_: unknown, text: string) => text;
const coloured = (style: Parameters<typeof styleText>[0], text: string) =>
  styleText(style, text, { validateStream: false });

describe('a table', () => {
  it('aligns its columns, and leaves no blanks at the ends of lines', () => {
    const rows = [
      ['a', 'long cell', 'x'],
      ['ünï', '', ''],
    ];
    expect(table(['ONE', 'TWO', 'THREE'], rows, plain)).toBe('ONE  TWO        THREE\na    long cell  x\nünï');
  });

  it('is aligned the same with colours', () => {
    const cells = ['online', 'down'].map((word) => [state(word, coloured), 'end']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken out.
    const bare = table(['S', 'E'], cells, coloured).replace(/\u001b\[\d+m/g, '');
    expect(bare).toBe('S       E\nonline  end\ndown    end');
  });
});

describe('colour', () => {
  const stream = (isTTY: boolean) => ({ isTTY }) as NodeJS.WriteStream;
  it('is for a person at a terminal who has not said no', () => {
    expect(painter(stream(true), {})('red', 'x')).not.toBe('x');
    expect(painter(stream(false), {})('red', 'x')).toBe('x');
    expect(painter(stream(true), { NO_COLOR: '1' })('red', 'x')).toBe('x');
    expect(painter(stream(true), { TERM: 'dumb' })('red', 'x')).toBe('x');
  });
});

describe('how long ago', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const cases: [time: string | null, text: string][] = [
    [null, 'never'],
    ['2026-11-21T12:00:05Z', '0s ago'],
    ['2026-11-21T11:59:18Z', '42s ago'],
    ['2026-11-21T11:30:00Z', '30m ago'],
    ['2026-11-20T12:00:00Z', '24h ago'],
    ['2026-11-11T12:00:00Z', '10d ago'],
  ];
  for (const [time, text] of cases) it(`says ${text} for ${time}`, () => expect(ago(time, now)).toBe(text));
});
