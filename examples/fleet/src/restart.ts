import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `node examples/fleet/src/restart.ts DIR veria`: asks the fleet's supervisor for a fresh process; the remedy of a hub that runs commands. */
const [dir = '', slug = ''] = process.argv.slice(2);
const { url, token } = JSON.parse(await readFile(join(dir, 'supervisor.json'), 'utf8'));
const response = await fetch(`${url}/restart/${slug}`, {
  method: 'POST',
  headers: { authorization: `Bearer ${token}` },
});
console.log(`${slug}: ${await response.text()}`);
process.exitCode = response.ok ? 0 : 1;
