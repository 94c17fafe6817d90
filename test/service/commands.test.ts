import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { COMMAND_ASKS, type Face, mayCall } from '@orrery/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram, runCli } from '../../packages/hub/src/cli/index.ts';
import { EXIT, type Terminal } from '../../packages/hub/src/cli/terminal.ts';
import { type RunningHub, startHub } from '../services/hub.ts';
import { emptyFolder } from '../services/orrery.ts';
import { makeKey } from '../services/people.ts';
import { until } from '../services/until.ts';

type Command = Awaited<ReturnType<typeof createProgram>>;
type Value = Pick<Command['options'][number], 'argChoices'>;

const META = 'mk-5f1a0c9be27d4836a1f04c77';
const YAML = `
tenants: [{ id: globex }]
rules:
  - { name: nothing-has-this, on: event, when: 'event.type == "x"', effect: { kind: alert, severity: info, title: x } }
`;
/** What a command needs beside its required arguments before it asks the hub. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  'fed action': ['--project', 'nowhere'],
  'maintenance create': ['--project', 'nowhere', '--from', '2030-01-01T00:00:00Z', '--until', '2030-01-01T01:00:00Z'],
  'project add': ['--dry-run'],
  'rules test': ['--event', '{"type":"deploy.finished","project":"nowhere"}'],
  'silences create': ['--for', '1m', '--project', 'nowhere'],
  'tenants update': ['--name', 'x'],
};

let hub: RunningHub;
let faces: { name: string; face: Face; limited: boolean; key: string }[];
const cwd = emptyFolder();
/** Of what another hub learned: nothing. */
const PATTERNS = 'patterns.json';
const NO_PATTERNS = { format: 'orrery.patterns', version: 1, id: `pat_${'0'.repeat(26)}`, patterns: [] };
writeFileSync(join(cwd, PATTERNS), JSON.stringify({ ...NO_PATTERNS, exportedAt: '2026-01-01T00:00:00Z' }));
const commands = leaves(await createProgram(terminal(''), false));

beforeAll(async () => {
  // What is to be a file that is read before the hub is asked.
  const patterns = { format: 'orrery.patterns', version: 1, id: `pat_${'0'.repeat(26)}`, patterns: [] };
  const file = JSON.stringify({ ...patterns, exportedAt: '2030-01-01T00:00:00.000Z' });
  writeFileSync(join(cwd, 'nothing-has-this'), file);
  hub = await startHub({ yaml: YAML, env: { ORRERY_META_API_KEY: META } });
  const roles = ['viewer', 'agent', 'operator', 'admin'] as const;
  const keys = await Promise.all(roles.map((role) => makeKey(hub, role)));
  faces = [
    { name: 'nobody', face: 'nobody', limited: false, key: '' },
    ...roles.map((role, i) => ({ name: role, face: role, limited: false, key: keys[i] ?? '' })),
    { name: 'meta key', face: 'meta key', limited: false, key: META },
    { name: 'admin of a tenant', face: 'admin', limited: true, key: await makeKey(hub, 'admin', { tenant: 'globex' }) },
  ];
});
afterAll(() => hub?.dispose());

describe('the commands', () => {
  it('have a line in the permission matrix each, and it has no other', () => {
    expect([...commands.keys()].toSorted()).toEqual(Object.keys(COMMAND_ASKS).toSorted());
  });

  it('do for every role what the matrix says', async () => {
    const wrong: string[] = [];
    for (const [words, command] of commands) {
      const ask = COMMAND_ASKS[words];
      if (ask === undefined || ask === 'local') continue;
      for (const { name, face, limited, key } of faces) {
        const { code, stderr } = await asked([...words.split(' '), ...inputOf(words, command)], key);
        const may = mayCall(face, ask, limited);
        // What is let in may still fail: nothing has the ids that are asked for.
        const right = may ? code !== EXIT.denied && code !== EXIT.unreachable : code === EXIT.denied;
        if (!right) wrong.push(`orrery ${words}: ${name} gets ${code}, ${may ? 'though it may' : 'not 4'} (${stderr})`);
      }
    }
    expect(wrong).toEqual([]);
  }, 300_000);
});

/** Strangers share one limit, which says nothing of who may call: whoever has used it up waits for room. */
const asked = (args: readonly string[], key: string) =>
  until(
    async () => {
      const answer = await run(args, key);
      return answer.stderr.includes('Too many requests') ? undefined : answer;
    },
    { timeoutMs: 60_000, everyMs: 1000, what: `${args.join(' ')} may be called` },
  );

/** The commands that do something, by their words. */
function leaves(command: Command, before: readonly string[] = []): Map<string, Command> {
  const found = new Map<string, Command>();
  for (const inner of command.commands) {
    const words = [...before, inner.name()];
    if (inner.commands.length === 0) found.set(words.join(' '), inner);
    else for (const [name, leaf] of leaves(inner, words)) found.set(name, leaf);
  }
  return found;
}

/** The least that the command takes: its required arguments and options, with names that nothing has. */
function inputOf(words: string, command: Command): string[] {
  const value = ({ argChoices }: Value) => argChoices?.[0] ?? 'http://127.0.0.1:1';
  const plain = (text: string) =>
    words === 'patterns import'
      ? PATTERNS
      : words === 'project add'
        ? text
        : text.replace('http://127.0.0.1:1', 'nothing-has-this');
  const given = command.registeredArguments
    .filter(({ required }) => required)
    .map((argument) => plain(value(argument)));
  const options = command.options
    .filter(({ mandatory, defaultValue }) => mandatory && defaultValue === undefined)
    .flatMap((option) => [option.long ?? '', plain(value(option))]);
  return [...given, ...options, ...(MORE[words] ?? [])];
}

function terminal(key: string, stdout = new PassThrough(), stderr = new PassThrough()): Terminal {
  const stdin = new PassThrough();
  stdin.end();
  const streams = { stdin, stdout, stderr } as unknown as Pick<Terminal, 'stdin' | 'stdout' | 'stderr'>;
  return { env: { ORRERY_URL: hub?.url, ...(key === '' ? {} : { ORRERY_API_KEY: key }) }, cwd, ...streams };
}

/** Runs a command in this process: starting one for each of hundreds would take minutes. */
async function run(argv: readonly string[], key: string): Promise<{ code: number; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  stdout.resume();
  const before = process.exitCode;
  try {
    const code = await runCli(argv, terminal(key, stdout, stderr));
    return {
      code,
      stderr:
        String(stderr.read() ?? '')
          .trim()
          .split('\n')[0] ?? '',
    };
  } finally {
    process.exitCode = before;
  }
}
