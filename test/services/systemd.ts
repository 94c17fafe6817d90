import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram, temporaryFolder } from './program.ts';

const SYSTEMD = '/lib/systemd/systemd';

/** Whether an instance of systemd can be started here: it takes Linux, root and the package. */
export const canRunSystemd = process.platform === 'linux' && process.getuid?.() === 0 && existsSync(SYSTEMD);

export type RunningSystemd = {
  /** Where it listens: what `systemctl --user` finds in XDG_RUNTIME_DIR. */
  runtimeDir: string;
  /** Asks it over systemctl. */
  ask(...args: string[]): string;
  stop(): Promise<void>;
};

/**
 * Starts a private user instance of the real systemd with the given units. It has mounts of its own, in which the machine looks as if systemd had
 * booted it, and a control group of its own, without which it would gather the processes of the whole machine into its scope.
 */
export async function startSystemd(units: Readonly<Record<string, string>>): Promise<RunningSystemd> {
  const folder = temporaryFolder('systemd');
  const home = join(folder.path, 'home');
  const runtimeDir = join(folder.path, 'run');
  const unitDir = join(home, '.config/systemd/user');
  mkdirSync(unitDir, { recursive: true });
  mkdirSync(runtimeDir, { mode: 0o700 });
  for (const [name, text] of Object.entries(units)) writeFileSync(join(unitDir, name), text);
  const group = `orrery-test-systemd-${process.pid}-${folder.path.split('-').at(-1)}`;
  const env = { HOME: home, XDG_RUNTIME_DIR: runtimeDir };
  const script = [
    'set -e',
    'mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/system',
    'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
    `mkdir /sys/fs/cgroup/${group} && echo $$ > /sys/fs/cgroup/${group}/cgroup.procs`,
    // Mounted anew from inside, the group is all that there is to see.
    'umount /sys/fs/cgroup',
    `exec unshare --cgroup sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec ${SYSTEMD} --user'`,
  ].join('\n');
  const systemctl = (...args: string[]) =>
    spawnSync('systemctl', ['--user', ...args], {
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
      timeout: 20_000,
    });
  const around = readFileSync('/proc/1/cgroup', 'utf8');
  const running = await startProgram({
    command: 'unshare',
    args: ['--mount', 'sh', '-c', script],
    cwd: folder.path,
    what: 'systemd',
    env,
    ready: async () => existsSync(join(runtimeDir, 'systemd/private')) && systemctl('list-units').status === 0,
  });
  if (readFileSync('/proc/1/cgroup', 'utf8') !== around)
    throw new Error('systemd moved processes that are not its own');
  return {
    runtimeDir,
    ask(...args) {
      const { status, stdout, stderr } = systemctl(...args);
      if (status !== 0) throw new Error(`systemctl ${args.join(' ')} ended with ${status}: ${stderr}`);
      return stdout;
    },
    async stop() {
      await running.stop();
      // The control group outlives what was in it.
      const remove = `mount -t cgroup2 cgroup2 /mnt && cd /mnt && [ ! -d ${group} ] || find ${group} -depth -type d -exec rmdir {} +`;
      spawnSync('unshare', ['--mount', 'sh', '-c', remove], { stdio: 'ignore' });
      folder.remove();
    },
  };
}
