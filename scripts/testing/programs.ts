import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

type Need = { packages: readonly string[]; brew: string; found(): boolean };

/** Programs that the suites start; each is a real service, and nothing stands in for it. */
const PROGRAMS = {
  postgres: { packages: ['postgresql-15'], brew: 'postgresql@15', found: () => inPath('postgres') || debianPostgres() },
  prometheus: { packages: ['prometheus'], brew: 'prometheus', found: () => inPath('prometheus') },
  blackbox: {
    packages: ['prometheus-blackbox-exporter'],
    brew: 'blackbox_exporter',
    found: () => inPath('prometheus-blackbox-exporter'),
  },
  promtool: { packages: ['prometheus'], brew: 'prometheus', found: () => inPath('promtool') },
  'prometheus-alertmanager': {
    packages: ['prometheus-alertmanager'],
    brew: 'alertmanager',
    found: () => inPath('prometheus-alertmanager'),
  },
  ip: { packages: ['iproute2'], brew: 'iproute2mac', found: () => inPath('ip') },
  openssl: { packages: ['openssl'], brew: 'openssl', found: () => inPath('openssl') },
  redis: { packages: ['redis-server'], brew: 'redis', found: () => inPath('redis-server') },
  kcat: { packages: ['kcat'], brew: 'kcat', found: () => inPath('kcat') },
  'nats-server': { packages: ['nats-server'], brew: 'nats-server', found: () => inPath('nats-server') },
  'node-exporter': {
    packages: ['prometheus-node-exporter'],
    brew: 'node_exporter',
    found: () => inPath('prometheus-node-exporter'),
  },
  statsmodels: {
    packages: ['python3-statsmodels'],
    brew: 'python',
    found: () => existsSync('/usr/lib/python3/dist-packages/statsmodels'),
  },
  // Elsewhere than on Linux as root nothing is asked of an engine.
  docker: {
    packages: ['docker.io', 'busybox-static'],
    brew: '--cask docker',
    found: () =>
      process.platform !== 'linux' ||
      process.getuid?.() !== 0 ||
      (inPath('dockerd') && existsSync('/usr/share/doc/busybox-static')),
  },
  chromium: {
    packages: ['chromium', 'fonts-dejavu-core'],
    brew: '--cask chromium',
    found: () =>
      process.env.CHROMIUM !== undefined ||
      ['chromium', 'chromium-browser', 'google-chrome'].some(inPath) ||
      macChromium(),
  },
} as const satisfies Record<string, Need>;
export type Program = keyof typeof PROGRAMS;

let updated = false;

/** Makes sure that the programs are there: a CI machine (CI=true, root, Debian) installs them, any other one is told what to install. */
export function requirePrograms(names: readonly Program[]): void {
  const missing = names.filter((name) => !PROGRAMS[name].found());
  if (missing.length === 0) return;
  const packages = missing.flatMap((name) => PROGRAMS[name].packages);
  if (process.env.CI === 'true' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (...args: string[]) => execFileSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    if (!updated) apt('update', '-qq');
    updated = true;
    apt('install', '-y', '-qq', '--no-install-recommends', ...packages);
  }
  const still = missing.filter((name) => !PROGRAMS[name].found());
  if (still.length === 0) return;
  const brew = still.map((name) => PROGRAMS[name].brew).join(' ');
  throw new Error(
    `This step needs ${still.join(' and ')}, which ${still.length === 1 ? 'is' : 'are'} not installed.\n` +
      `  Debian: apt-get install -y --no-install-recommends ${still.flatMap((name) => PROGRAMS[name].packages).join(' ')}\n` +
      `  macOS:  brew install ${brew}`,
  );
}

function inPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => isExecutable(join(folder, name)));
}

function debianPostgres(): boolean {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return false;
  return readdirSync(root).some((version) => isExecutable(join(root, version, 'bin', 'postgres')));
}

const macChromium = () =>
  ['Chromium.app/Contents/MacOS/Chromium', 'Google Chrome.app/Contents/MacOS/Google Chrome'].some((path) =>
    isExecutable(join('/Applications', path)),
  );

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
