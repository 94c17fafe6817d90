import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** `npm run bench` runs every comparison in this folder one after the other; `npm run bench -- samples` runs one. */
const here = new URL('./', import.meta.url);
const wanted = process.argv.slice(2);
const files = readdirSync(here).filter((name) => name.endsWith('.ts') && name !== 'run.ts');
const chosen = wanted.length === 0 ? files : files.filter((name) => wanted.includes(name.replace(/\.ts$/, '')));
if (chosen.length === 0) {
  console.error(`No benchmark is named so. There are: ${files.map((name) => name.replace(/\.ts$/, '')).join(', ')}.`);
  process.exit(2);
}
let failed = 0;
for (const name of chosen.sort()) {
  console.log(`\n── ${name.replace(/\.ts$/, '')}`);
  const { status } = spawnSync(process.execPath, [...process.execArgv, new URL(name, here).pathname], {
    stdio: 'inherit',
  });
  if (status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
