import { defineConfig } from 'vitest/config';

const resolve = { conditions: ['@orrery/source'] };
const ssr = { resolve: { conditions: ['@orrery/source'], externalConditions: ['@orrery/source'] } };
const execArgv = ['--conditions=@orrery/source', '--disable-warning=ExperimentalWarning'];

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['packages/**/*.test.ts', 'packages/**/*.test.tsx', 'scripts/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.service.test.ts'],
          // Suites own all that they open, so files may share a process: half of the time went into loading the same modules again.
          isolate: false,
          maxWorkers: '100%',
          // Only what hangs is ended by it: passwords are hashed slowly on purpose, and slower yet beside something else.
          testTimeout: 20_000,
          execArgv,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'service',
          include: ['packages/**/*.service.test.ts', 'test/service/**/*.test.ts'],
          globalSetup: ['test/services/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry: 1,
          maxWorkers: 2,
          execArgv,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          globalSetup: ['test/services/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // Most of these wait for intervals to pass: two at a time. A machine that was busy once is asked once more, and the summary says so.
          maxWorkers: 2,
          retry: 1,
          execArgv,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 90_000,
          retry: 1,
          maxWorkers: 1,
          execArgv,
        },
      },
    ],
  },
});
