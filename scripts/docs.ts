import { mkdirSync, writeFileSync } from 'node:fs';
import { docsFiles } from '../packages/hub/src/config/index.ts';

/** Writes the generated pages of docs/: run it after changing a schema or the table of variables. */
const folder = new URL('../docs/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(docsFiles())) {
  writeFileSync(new URL(name, folder), text);
  process.stdout.write(`docs/${name}\n`);
}
