import { readFileSync } from 'node:fs';

export type Tally = { passed: number; failed: number };

/** Counts a suite by its JSON report. A suite that ran nothing, skipped something, or failed outside a test has failed. */
export function countTests(path: string, exitedWell: boolean): Tally & { why?: string } {
  let report: Record<string, unknown>;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, why: 'The suite left no report: it did not run to its end.' };
  }
  const number = (name: string) => (typeof report[name] === 'number' ? report[name] : 0);
  const passed = number('numPassedTests');
  const failed = number('numFailedTests');
  const skipped = number('numPendingTests') + number('numTodoTests');
  if (failed > 0) return { passed, failed };
  if (passed === 0) return { passed, failed: 1, why: 'The suite ran no test.' };
  if (skipped > 0) return { passed, failed: skipped, why: `${skipped} tests were skipped; nothing may be.` };
  if (!exitedWell) return { passed, failed: 1, why: 'Every test passed, but the suite failed outside of them.' };
  return { passed, failed };
}
