import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** Weighs what the first load of each page fetches (scripts and styles, gzip) and fails above the budget. Run after a build. */
const BUDGET = 280_000;
const PAGES: Record<string, string> = {
  overview: 'src/overview/Overview.tsx',
  ecosystem: 'src/ecosystem/Ecosystem.tsx',
  projects: 'src/projects/Projects.tsx',
  project: 'src/projects/Project.tsx',
  metrics: 'src/projects/MetricsTab.tsx',
  alerts: 'src/alerts/Alerts.tsx',
  healing: 'src/healing/Healing.tsx',
  agents: 'src/agents/Agents.tsx',
  predictions: 'src/predictions/Predictions.tsx',
  ai: 'src/ai/Ai.tsx',
  security: 'src/security/Security.tsx',
  settings: 'src/settings/Settings.tsx',
  'sign-in': 'src/access/SignIn.tsx',
};

/** What a page asks for at once and not by an import of its own. */
const WITH: Record<string, readonly string[]> = {
  ecosystem: ['GraphMap', 'Toolbar', 'Summary'].map((part) => `src/ecosystem/${part}.tsx`),
  metrics: ['src/projects/Project.tsx'],
};

type Chunk = { file: string; imports?: string[]; css?: string[] };
const dist = join(dirname(fileURLToPath(import.meta.url)), 'dist');
const manifest: Record<string, Chunk> = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));

function filesOf(entries: readonly string[]): Set<string> {
  const files = new Set<string>(['theme.js']);
  const seen = new Set<string>();
  const visit = (name: string) => {
    const chunk = manifest[name];
    if (!chunk) throw new Error(`the build has no ${name}`);
    if (seen.has(name)) return;
    seen.add(name);
    files.add(chunk.file);
    for (const style of chunk.css ?? []) files.add(style);
    for (const next of chunk.imports ?? []) visit(next);
  };
  for (const entry of entries) visit(entry);
  return files;
}

const weigh = (file: string) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(9);

let heavy = false;
for (const [page, source] of Object.entries(PAGES)) {
  const entries = ['index.html', source, ...(WITH[page] ?? [])];
  let scripts = 0;
  let styles = 0;
  for (const file of filesOf(entries)) {
    if (file.endsWith('.css')) styles += weigh(file);
    else scripts += weigh(file);
  }
  const total = scripts + styles;
  heavy ||= total > BUDGET;
  console.log(
    `${page.padEnd(11)} ${kB(total)}  scripts ${kB(scripts)}, styles ${kB(styles)}${total > BUDGET ? '  over budget' : ''}`,
  );
}
console.log(`budget      ${kB(BUDGET)}  scripts and styles of a first load, gzip`);
if (heavy) process.exitCode = 1;
