import { format } from 'node:util';
import type { LogLevel } from '@orrery/protocol';
import type { LogRing } from './logs.ts';

const PINO_LEVELS: readonly [number, LogLevel][] = [
  [60, 'fatal'],
  [50, 'error'],
  [40, 'warn'],
  [30, 'info'],
];

/** A destination for pino: `pino({ level: 'info' }, instance.logs.pinoStream())`. Lines that are no JSON are kept as text. */
export function pinoStream(ring: LogRing): { write(chunk: string): void } {
  return {
    write(chunk) {
      for (const line of chunk.split('\n')) if (line !== '') writeLine(ring, line);
    },
  };
}

function writeLine(ring: LogRing, line: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    ring.write('info', line);
    return;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    ring.write('info', line);
    return;
  }
  const { level, time, msg, pid: _pid, hostname: _hostname, ...fields } = parsed as Record<string, unknown>;
  const at = typeof time === 'number' || typeof time === 'string' ? new Date(time) : new Date();
  ring.write(levelOf(level), typeof msg === 'string' ? msg : '', fields, at);
}

function levelOf(level: unknown): LogLevel {
  if (typeof level === 'number') return PINO_LEVELS.find(([from]) => level >= from)?.[1] ?? 'debug';
  return (
    PINO_LEVELS.find(([, name]) => name === level)?.[1] ?? (level === 'trace' || level === 'debug' ? 'debug' : 'info')
  );
}

const CONSOLE: readonly ['debug' | 'log' | 'info' | 'warn' | 'error', LogLevel][] = [
  ['debug', 'debug'],
  ['log', 'info'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
];

/** Keeps what is written to the console, which goes on printing; the answer is a function that ends the capture. */
export function captureConsole(ring: LogRing, target: Console = console): () => void {
  const originals = CONSOLE.map(([method, level]) => {
    const original = target[method];
    const captured = (...args: unknown[]): void => {
      original.apply(target, args);
      const last = args.at(-1);
      const fields = args.length > 1 && isFields(last) ? last : undefined;
      ring.write(level, format(...(fields ? args.slice(0, -1) : args)), fields);
    };
    target[method] = captured;
    return { method, original, captured };
  });
  return () => {
    for (const { method, original, captured } of originals) if (target[method] === captured) target[method] = original;
  };
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
