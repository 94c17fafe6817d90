import { runCli } from './cli/index.ts';

// Started by the launcher on an older Node: when that process is gone, by whatever signal, this one has nobody left to stop it.
if (process.env.ORRERY_LAUNCHED === '1') {
  delete process.env.ORRERY_LAUNCHED;
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
}

// `orrery status | head -1` closes the pipe early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
