import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type Figure, isMet, row, TABLE_HEAD } from './tools/report.ts';

/**
 * `npm run bench` runs every comparison in this folder one after the other and prints one table; `npm run bench -- ingest year` runs some.
 * With `--write` the whole table becomes docs/benchmarks.md, and the
 * figures that have a bar become README's.
 */
const here = new URL('./', import.meta.url);
const results = new URL('results/', here);
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const write = process.argv.includes('--write');
const names = readdirSync(here)
  .filter((name) => name.endsWith('.ts') && name !== 'run.ts')
  .map((name) => name.slice(0, -'.ts'.length))
  .sort();
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`No benchmark is named ${unknown.join(', ')}. There are: ${names.join(', ')}.`);
  process.exit(2);
}
if (write && wanted.length > 0) {
  console.error('--write writes down all of them: leave the names out.');
  process.exit(2);
}
const chosen = wanted.length === 0 ? names : names.filter((name) => wanted.includes(name));
const began = performance.now();
const failed: string[] = [];
const measured: { bench: string; figure: Figure }[] = [];
mkdirSync(results, { recursive: true });
for (const name of chosen) {
  console.log(`\n── ${name}`);
  const file = new URL(`${name}.json`, results);
  rmSync(file, { force: true });
  const { status } = spawnSync(process.execPath, [...process.execArgv, new URL(`${name}.ts`, here).pathname], {
    stdio: 'inherit',
  });
  if (status !== 0) failed.push(name);
  if (!existsSync(file)) continue;
  const figures: Figure[] = JSON.parse(readFileSync(file, 'utf8'));
  measured.push(...figures.map((figure) => ({ bench: name, figure })));
}

const missed = measured.filter(({ figure }) => !isMet(figure));
const table = [TABLE_HEAD, ...measured.map(({ figure, bench }) => row(figure, bench))].join('\n');
const minutes = ((performance.now() - began) / 60_000).toFixed(1);
console.log(`\n${table}\n\n${measured.length} figures in ${minutes} min, ${missed.length} beyond their bar.`);
for (const { figure } of missed) console.log(`  beyond its bar: ${figure.what}`);
if (failed.length > 0) console.error(`Did not run to the end: ${failed.join(', ')}.`);
if (write) {
  const day = new Date().toISOString().slice(0, 10);
  const [cpu] = cpus();
  const text = `# Benchmarks

\`npm run bench\` measures all of this again, \`npm run bench -- NAME\` one of them; the names are in the last column. Peers run in the same
run on the same machine, as Debian packages them. A ratio above 1 is in our favour. What each figure means and how it is taken is said at
the top of its file in [bench](../bench).

Measured on ${day}: ${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), Node ${process.versions.node}.

${table}
`;
  writeFileSync(new URL('../docs/benchmarks.md', here), text);
  const readme = new URL('../README.md', here);
  const short = measured
    .filter(({ figure }) => figure.bar)
    .map(({ figure: { note: _, ...figure }, bench }) => row(figure, bench));
  const part = `<!-- measured -->\nOn ${cpus().length} cores, ${day}; [docs/benchmarks.md](docs/benchmarks.md) has all of it, with what must be known to read it.\n\n${[TABLE_HEAD, ...short].join('\n')}\n<!-- /measured -->`;
  writeFileSync(
    readme,
    readFileSync(readme, 'utf8').replace(/<!-- measured -->[\s\S]*<!-- \/measured -->/, () => part),
  );
  console.log('docs/benchmarks.md and the figures of README.md are written.');
}
process.exitCode = failed.length > 0 || missed.length > 0 ? 1 : 0;
