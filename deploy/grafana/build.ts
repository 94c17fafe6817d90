import { writeFileSync } from 'node:fs';
import { DASHBOARDS, toJson } from './dashboards.ts';

/** Writes the dashboards: run it after a change of dashboards.ts. */
for (const [name, build] of Object.entries(DASHBOARDS)) {
  writeFileSync(new URL(`dashboards/${name}`, import.meta.url), toJson(build()));
  process.stdout.write(`deploy/grafana/dashboards/${name}\n`);
}
