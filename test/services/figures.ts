import { TestRunner } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    figures?: string[];
  }
}

/**
 * Says what a fault test measured, on one line: the row of the fault table, the figure and its bar. The runner's summary shows it; of
 * a test that is run again only the last try's figures stay.
 */
export function figure(row: number, what: string, measured: string, bar: string): void {
  const line = `fault ${String(row).padStart(2)}  ${what}: ${measured} (bar: ${bar})`;
  console.log(line);
  const test = TestRunner.getCurrentTest();
  if (!test) throw new Error('a figure belongs to a test');
  const attempt = test.result?.retryCount ?? 0;
  const before = figuresOf.get(test);
  const lines = before?.attempt === attempt ? before.lines : [];
  lines.push(line);
  figuresOf.set(test, { attempt, lines });
  test.meta.figures = lines;
}

const figuresOf = new WeakMap<object, { attempt: number; lines: string[] }>();

/** Milliseconds as people read them. */
export const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
export const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
