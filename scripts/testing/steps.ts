import type { Program } from './programs.ts';

export type Step = {
  name: string;
  what: string;
  /** Run one after the other; each is a command and its arguments. `report` is where a suite writes its JSON report. */
  commands(report: string): string[][];
  timeoutMs: number;
  countsTests?: boolean;
  programs?: readonly Program[];
  needsConsole?: boolean;
};

const MINUTE = 60_000;

function suite(name: string, what: string, more: Pick<Step, 'timeoutMs' | 'programs' | 'needsConsole'>): Step {
  return {
    name,
    what,
    countsTests: true,
    commands: (report) => [
      ['vitest', 'run', '--project', name, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ],
    ...more,
  };
}

/** Everything that `npm test` looks at, the quick before the slow. */
export const STEPS: readonly Step[] = [
  {
    name: 'lint',
    what: 'format and lint',
    commands: () => [['biome', 'check', '--error-on-warnings', '.']],
    timeoutMs: 2 * MINUTE,
  },
  {
    name: 'types',
    what: 'types, server and console',
    commands: () => [
      ['tsc', '-p', 'tsconfig.json'],
      ['tsc', '-p', 'packages/console/tsconfig.json'],
    ],
    timeoutMs: 3 * MINUTE,
  },
  {
    name: 'doors',
    what: 'rooms are entered by their doors, no circles',
    commands: () => [
      ['depcruise', '--config', '.dependency-cruiser.mjs', 'packages', 'examples', 'test', 'bench', 'scripts'],
    ],
    timeoutMs: 2 * MINUTE,
  },
  { name: 'dead', what: 'no dead code', commands: () => [['knip', '--no-progress']], timeoutMs: 2 * MINUTE },
  suite('unit', 'unit suites', { timeoutMs: 5 * MINUTE }),
  suite('service', 'suites on real services', {
    timeoutMs: 25 * MINUTE,
    programs: [
      'postgres',
      'promtool',
      'prometheus-alertmanager',
      'prometheus',
      'node-exporter',
      'redis',
      'kcat',
      'nats-server',
      'openssl',
      'docker',
    ],
    needsConsole: true,
  }),
  suite('faults', 'what the hub survives, measured', {
    timeoutMs: 20 * MINUTE,
    programs: ['postgres', 'kcat', 'nats-server'],
    needsConsole: true,
  }),
  suite('browser', 'the console in a browser', {
    timeoutMs: 20 * MINUTE,
    programs: ['chromium', 'nats-server'],
    needsConsole: true,
  }),
];
