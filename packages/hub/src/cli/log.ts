import type { Log } from '../platform/log.ts';
import { painter } from './output.ts';
import { printable, type Terminal } from './terminal.ts';

const LEVELS: Readonly<Record<number, readonly [string, 'dim' | 'green' | 'yellow' | 'red']>> = {
  10: ['trace', 'dim'],
  20: ['debug', 'dim'],
  30: ['info', 'green'],
  40: ['warn', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', 'red'],
};
const PLAIN = new Set(['level', 'time', 'msg', 'err']);

/** The hub's log on stderr: JSON lines for machines, one readable line each for people. */
export async function hubLog(level: string, terminal: Terminal, json: boolean): Promise<Log> {
  const { createLog } = await import('../platform/log.ts');
  const paint = painter(terminal.stderr, terminal.env);
  return createLog(level, {
    write: (line: string) => void terminal.stderr.write(json ? line : readable(line, paint)),
  });
}

function readable(line: string, paint: ReturnType<typeof painter>): string {
  const entry = JSON.parse(line) as {
    level: number;
    time: string;
    msg?: string;
    err?: { message?: string; stack?: string };
  };
  const [name, style] = LEVELS[entry.level] ?? ['log', 'dim'];
  const rest = Object.entries(entry)
    .filter(([key]) => !PLAIN.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const clock = new Date(entry.time).toTimeString().slice(0, 8);
  const cause = entry.err?.stack ?? entry.err?.message;
  const head = `${paint('dim', clock)} ${paint(style, name.padEnd(5))} ${printable(entry.msg ?? '')}`;
  return `${head}${rest ? ` ${paint('dim', printable(rest))}` : ''}${cause ? `\n${cause}` : ''}\n`;
}
