import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_DIR, DEMO_DIR } from './shared/environment.ts';
import { FAULTS, isFault } from './shared/faults.ts';

/** `node examples/fleet/src/fault.ts veria slow [--dir DIR]`: shows a fault until `none` ends it. */
const [slug, fault, flag, value] = process.argv.slice(2);
const named = flag === '--dir' ? value : process.env.FLEET_DIR;
const dir = named ?? newest([DEFAULT_DIR, DEMO_DIR]);

if (!slug || !isFault(fault)) {
  console.error(`Usage: node examples/fleet/src/fault.ts <veria|performia|rollizr> <${FAULTS.join('|')}> [--dir DIR]`);
  process.exit(2);
}
try {
  const { control, token } = JSON.parse(await readFile(join(dir, `${slug}.control.json`), 'utf8'));
  const response = await fetch(control, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ fault }),
  });
  if (!response.ok) throw new Error(`the product answered ${response.status}: ${await response.text()}`);
  console.log(
    fault === 'none' ? `${slug} behaves again.` : `${slug} now shows "${fault}". End it: fault.ts ${slug} none`,
  );
} catch (error) {
  console.error(`${slug} could not be told: ${error instanceof Error ? error.message : error}`);
  console.error(`Is the fleet running, and is its folder ${dir}? Another one is named with --dir.`);
  process.exit(1);
}

/** Of the demo's fleet and one that was started by hand: the one whose product came up last. */
function newest(dirs: readonly [string, string]): string {
  const since = (dir: string) => statSync(join(dir, `${slug}.control.json`), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return since(dirs[0]) > since(dirs[1]) ? dirs[0] : dirs[1];
}
