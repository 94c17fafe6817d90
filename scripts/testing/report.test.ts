import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { countTests, summarize } from './report.ts';

type Given = { title: string; status: 'passed' | 'failed' | 'pending'; failureMessages?: string[]; figures?: string[] };

/** A report as the runner writes it. */
function written(tests: readonly Given[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-report-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'report.json');
  const count = (status: Given['status']) => tests.filter((one) => one.status === status).length;
  const assertionResults = tests.map(({ title, status, failureMessages = [], figures }) => ({
    title,
    status,
    failureMessages,
    meta: figures ? { figures } : {},
  }));
  const report = {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending'),
    numTodoTests: 0,
    testResults: [{ assertionResults }],
  };
  writeFileSync(path, JSON.stringify(report));
  return path;
}

test('a test that passed on its second try is named, with what the first one said', () => {
  const path = written([
    { title: 'a disk is full', status: 'passed', failureMessages: ['AssertionError: 41 < 40\n    at x.ts'] },
    { title: 'a name is gone', status: 'passed' },
  ]);
  const tally = countTests(path, true);
  expect(tally).toMatchObject({ passed: 2, failed: 0, secondTry: ['a disk is full'] });
  expect(tally.why).toBe('a disk is full\n  AssertionError: 41 < 40');
  expect(summarize(tally)).toBe('2 passed, 0 failed, 1 on the second try: a disk is full');
});

test('a suite that passed at once has nothing to say but its figures', () => {
  const path = written([
    { title: 'a disk is full', status: 'passed', figures: ['fault 20: back after 2 s (bar 30 s)'] },
  ]);
  const tally = countTests(path, true);
  expect(tally).toEqual({ passed: 1, failed: 0, secondTry: [], figures: ['fault 20: back after 2 s (bar 30 s)'] });
  expect(summarize(tally)).toBe('1 passed, 0 failed');
});

test('a test that failed twice has failed, and is no second try', () => {
  const path = written([{ title: 'a', status: 'failed', failureMessages: ['no', 'no'] }]);
  expect(summarize(countTests(path, false))).toBe('0 passed, 1 failed');
});

test('a suite that ran nothing, skipped something, failed outside of its tests or left no report has failed', () => {
  expect(countTests(written([]), true)).toMatchObject({ failed: 1, why: 'The suite ran no test.' });
  const skipping = written([
    { title: 'a', status: 'passed' },
    { title: 'b', status: 'pending' },
  ]);
  expect(countTests(skipping, true).failed).toBe(1);
  expect(countTests(written([{ title: 'a', status: 'passed' }]), false).failed).toBe(1);
  expect(countTests(join(tmpdir(), 'orrery-no-such-report.json'), true).failed).toBe(1);
});
