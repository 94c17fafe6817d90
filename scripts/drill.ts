import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startDocker } from '../test/services/docker.ts';

/**
 * The drill on a private Docker engine, which it starts (Linux, root): `node --conditions=@orrery/source scripts/drill.ts [options of orrery drill]`.
 * On the plain processes it is `orrery drill` by itself.
 */
const ORRERY = fileURLToPath(new URL('../packages/hub/bin/orrery.mjs', import.meta.url));
const engine = await startDocker();
try {
  const ground = ['--docker', engine.socket, '--image', 'busybox:orrery', '--bind-node', '--yes'];
  const child = spawn(process.execPath, [ORRERY, 'drill', ...ground, ...process.argv.slice(2)], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  process.exitCode = Number(code ?? 1);
} finally {
  await engine.stop();
}
