import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { startProgram, temporaryFolder } from './program.ts';

export type Engine = {
  socket: string;
  /** Asks the engine; a body that is no Buffer travels as JSON. */
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }>;
  /** Asks for text: what the engine streams is no JSON as a whole. */
  text(path: string): Promise<{ status: number; body: string }>;
  /** Creates and starts a container of busybox, with options as the engine's API takes them. */
  run(name: string, options?: object): Promise<void>;
  /** Ends the engine at once, as a crash of it does. */
  crash(): Promise<void>;
  /** Starts it again on the same data. */
  again(): Promise<void>;
  stop(): Promise<void>;
};

const IMAGE = 'busybox:orrery';
const APPLETS = ['sh', 'sleep', 'test', 'touch', 'rm', 'kill', 'echo', 'false'];

/** Whether a container engine can be started here: it takes Linux and root. */
export const canRunEngine = process.platform === 'linux' && process.getuid?.() === 0;

/** Starts a private Docker engine: own folder, own socket, no network, and one image made of the machine's static busybox. */
export async function startDocker(): Promise<Engine> {
  const folder = temporaryFolder('docker');
  const at = (...parts: string[]) => join(folder.path, ...parts);
  const socket = at('d.sock');

  const send = (method: string, path: string, body?: unknown): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const type = Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json';
      const sent = request({ socketPath: socket, method, path, headers: { 'content-type': type } }, (response) => {
        let said = '';
        response.on('data', (chunk) => {
          said += chunk;
        });
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body: said }));
      });
      sent.once('error', reject);
      sent.end(body === undefined ? undefined : Buffer.isBuffer(body) ? body : JSON.stringify(body));
    });
  const ask: Engine['ask'] = async (method, path, body) => {
    const { status, body: said } = await send(method, path, body);
    return { status, json: parsed(said) };
  };
  const must = async (method: string, path: string, body?: unknown) => {
    const { status, json } = await ask(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} was answered HTTP ${status}: ${JSON.stringify(json)}`);
  };

  const launch = () =>
    startProgram({
      command: 'dockerd',
      args: [
        ...[
          `--host=unix://${socket}`,
          `--data-root=${at('data')}`,
          `--exec-root=${at('exec')}`,
          `--pidfile=${at('pid')}`,
        ],
        ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
        ...['--userland-proxy=true', '--storage-driver=overlay2', '--cgroup-parent=/orrery-test'],
      ],
      cwd: folder.path,
      what: 'the Docker engine',
      env: { HOME: folder.path },
      ready: async () => existsSync(socket) && (await ask('GET', '/_ping')).status === 200,
    });
  let engine = await launch();
  const stop = async () => {
    const { json } = await ask('GET', '/containers/json?all=1');
    for (const { Id } of Array.isArray(json) ? (json as { Id: string }[]) : [])
      await ask('DELETE', `/containers/${Id}?force=1`);
    await engine.stop();
    // The engine leaves the mount of its network namespace behind.
    for (const mount of mountsUnder(folder.path)) spawnSync('umount', [mount], { stdio: 'ignore' });
    folder.remove();
  };
  try {
    await must(
      'POST',
      `/images/create?fromSrc=-&repo=${IMAGE.split(':')[0]}&tag=${IMAGE.split(':')[1]}`,
      busyboxImage(at('image')),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    socket,
    ask,
    text: (path) => send('GET', path),
    async crash() {
      process.kill(engine.pid, 'SIGKILL');
      await engine.stop();
    },
    async again() {
      // Its containerd died with it; a number that nobody has taken away yet would be taken for its life.
      rmSync(at('exec/containerd/containerd.pid'), { force: true });
      engine = await launch();
    },
    async run(name, options = {}) {
      const HostConfig = { NetworkMode: 'none', Init: true };
      await must('POST', `/containers/create?name=${name}`, {
        Image: IMAGE,
        Cmd: ['sleep', '600'],
        HostConfig,
        ...options,
      });
      await must('POST', `/containers/${name}/start`);
    },
    stop,
  };
}

/** The engine answers JSON, JSON line by line where it reports progress (the last one counts), or a word. */
function parsed(text: string): unknown {
  for (const candidate of [text, text.trim().split('\n').at(-1) ?? '']) {
    try {
      return JSON.parse(candidate);
    } catch {}
  }
  return text;
}

function busyboxImage(folder: string): Buffer {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(folder, 'bin', 'busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(folder, 'bin', applet));
  return execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 64 * 1024 * 1024 });
}

const mountsUnder = (folder: string): string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${folder}/`))
    .reverse();
