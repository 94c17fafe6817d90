import { readFileSync } from 'node:fs';

export type Tally = {
  passed: number;
  failed: number;
  /** Tests that passed on their second try only; suites on real parts have one. */
  secondTry: string[];
  /** What tests measured, a line each. */
  figures: string[];
  /** Why the suite is broken although no test failed, or what made the first tries fail. */
  why?: string;
};

/** What of the runner's JSON report is read. */
type Report = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    assertionResults: { title: string; status: string; failureMessages: string[]; meta: { figures?: string[] } }[];
  }[];
};

/** Counts a suite by its JSON report. A suite that ran nothing, skipped something, or failed outside a test has failed. */
export function countTests(path: string, exitedWell: boolean): Tally {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    const why = 'The suite left no report: it did not run to its end.';
    return { passed: 0, failed: 1, secondTry: [], figures: [], why };
  }
  const { numPassedTests: passed, numFailedTests: failed } = report;
  const skipped = report.numPendingTests + report.numTodoTests;
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  // What the first try said stays with a test that passed afterwards.
  const again = tests.filter(({ status, failureMessages }) => status === 'passed' && failureMessages.length > 0);
  const tally = {
    passed,
    failed,
    secondTry: again.map(({ title }) => title),
    figures: tests.flatMap(({ meta }) => meta.figures ?? []),
  };
  if (failed > 0) return tally;
  if (passed === 0) return { ...tally, failed: 1, why: 'The suite ran no test.' };
  if (skipped > 0) return { ...tally, failed: skipped, why: `${skipped} tests were skipped; nothing may be.` };
  if (!exitedWell) return { ...tally, failed: 1, why: 'Every test passed, but the suite failed outside of them.' };
  if (again.length === 0) return tally;
  return {
    ...tally,
    why: again.map(({ title, failureMessages }) => `${title}\n  ${failureMessages[0]?.split('\n')[0]}`).join('\n'),
  };
}

/** `12 passed, 0 failed, 1 on the second try: <name>` */
export function summarize({ passed, failed, secondTry }: Pick<Tally, 'passed' | 'failed' | 'secondTry'>): string {
  const again = secondTry.length === 0 ? '' : `, ${secondTry.length} on the second try: ${secondTry.join('; ')}`;
  return `${passed} passed, ${failed} failed${again}`;
}
