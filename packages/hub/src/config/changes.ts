import { createHash } from 'node:crypto';
import type { FileConfig } from './file.ts';

/** What a file declares, by section and name, as it may be shown: secrets stand as references. */
export type Declarations = Record<string, Record<string, unknown>>;

const SECTIONS = ['projects', 'channels', 'rules', 'routes', 'maintenance'] as const;

export function declarationsOf(file: FileConfig): Declarations {
  const shown: Declarations = {};
  for (const section of SECTIONS)
    shown[section] = Object.fromEntries(
      file[section].map((declared) => {
        const { declaration } = declared.toJSON() as { declaration: { name?: string; slug?: string } };
        return [declaration.slug ?? declaration.name ?? '', declaration];
      }),
    );
  shown.statusPages = Object.fromEntries(file.statusPages.map((page) => [page.slug, page]));
  const { network, retention, freshness, agents, repair } = file;
  shown.hub = { network, retention, freshness, agents, repair };
  return shown;
}

/** Of two sets of declarations what differs: what stood there and what stands there now. Undefined when nothing does. */
export function declarationChanges(
  before: Declarations,
  after: Declarations,
): { before: Declarations; after: Declarations } | undefined {
  const changes = { before: {} as Declarations, after: {} as Declarations };
  for (const section of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[section] ?? {}, after[section] ?? {}];
    for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (JSON.stringify(old[name]) === JSON.stringify(now[name])) continue;
      if (name in old) changes.before[section] = { ...changes.before[section], [name]: old[name] };
      if (name in now) changes.after[section] = { ...changes.after[section], [name]: now[name] };
    }
  }
  return Object.keys(changes.before).length + Object.keys(changes.after).length > 0 ? changes : undefined;
}

/** A short name for all that is declared, by which a start sees whether the file changed since the last one. */
export const declarationsDigest = (declarations: Declarations): string =>
  createHash('sha256').update(JSON.stringify(declarations)).digest('base64url').slice(0, 22);
