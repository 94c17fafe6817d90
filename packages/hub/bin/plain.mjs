// Hands out TypeScript without its types, taken off once and kept in the folder that `?kept=` names. Node's own compile cache would do so too,
// but holds on to all that it has read for as long as the process lives (12 MiB of a hub), and is no faster.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = new URL(import.meta.url).searchParams.get('kept');

registerHooks({
  load(url, context, next) {
    if (context.format !== 'module-typescript') return next(url, context);
    return { format: 'module', source: plain(readFileSync(fileURLToPath(url), 'utf8')), shortCircuit: true };
  },
});

function plain(typed) {
  const file = join(folder, `${hash('sha256', `${process.version}\n${typed}`)}.js`);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') process.emitWarning(error);
  }
  const text = stripTypeScriptTypes(typed);
  void keep(file, text);
  return text;
}

/** Whole or not at all: another process may read it meanwhile. Where it may not be written, types are taken off at each start. */
async function keep(file, text) {
  const part = `${file}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(part, text);
    await rename(part, file);
  } catch (error) {
    if (!['EACCES', 'EROFS', 'ENOSPC', 'ENOENT'].includes(error.code)) process.emitWarning(error);
  }
}
