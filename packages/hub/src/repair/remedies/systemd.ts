import { parseDuration, type SystemdRemedy } from '@orrery/protocol';
import type { z } from 'zod';
import { runProgram } from './program.ts';
import type { Remedy } from './remedy.ts';

type Declared = z.output<typeof SystemdRemedy>;

/**
 * Starts or restarts one unit through systemctl, without a shell. The unit that is declared is the only one; systemd itself is asked first
 * whether there is such a unit and whether it may be started by hand.
 */
export const systemd: Remedy<Declared> = {
  describe: ({ verb, unit, user, machine }) =>
    `${verb} the ${user ? 'user ' : ''}unit ${unit}${machine === undefined ? '' : ` in ${machine}`}`,

  async act(declared, { clock, signal }) {
    const { unit, verb, runtimeDir } = declared;
    const end = clock.monotonic() + (parseDuration(declared.timeout) ?? 0);
    const systemctl = (...args: string[]) =>
      runProgram(commandOf(declared, args), {
        signal,
        timeoutMs: end - clock.monotonic(),
        ...(declared.user ? { env: { XDG_RUNTIME_DIR: runtimeDir ?? `/run/user/${process.getuid?.() ?? 0}` } } : {}),
      });
    const looked = await systemctl('show', '--property=LoadState,ActiveState,CanStart,RefuseManualStart', '--', unit);
    if (!looked.well) return { done: false, detail: looked.words };
    const is = propertiesOf(looked.said);
    if (is.LoadState !== 'loaded')
      return { done: false, detail: `systemd says that the unit ${unit} is ${is.LoadState ?? 'not known'}` };
    if (is.CanStart === 'no' || is.RefuseManualStart === 'yes')
      return { done: false, detail: `the unit ${unit} may not be started by hand` };
    if (verb === 'start' && is.ActiveState === 'active')
      return { done: false, needless: true, detail: `the unit ${unit} is active already` };
    const { well, words } = await systemctl(verb, '--', unit);
    return { done: well, detail: well ? `${unit}, which was ${is.ActiveState}: ${verb} is done` : words };
  },
};

/** The arguments of systemctl; what is declared stands behind `--`, where nothing is an option. */
export const commandOf = ({ user, machine }: Pick<Declared, 'user' | 'machine'>, args: readonly string[]): string[] => [
  'systemctl',
  '--no-ask-password',
  '--no-pager',
  ...(user ? ['--user'] : []),
  ...(machine === undefined ? [] : [`--machine=${machine}`]),
  ...args,
];

const propertiesOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .split('\n')
      .map((line) => /^(\w+)=(.*)$/.exec(line))
      .flatMap((match) => (match ? [[match[1], match[2]]] : [])),
  );
