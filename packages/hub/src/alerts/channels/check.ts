import type { ChannelDeclaration } from '@orrery/protocol';
import { compileTemplate } from './placeholders.ts';
import { TEMPLATE_PATHS } from './values.ts';

const PATHS: ReadonlySet<string> = new Set(TEMPLATE_PATHS);
/** Written by the exchange itself. */
const OWN_HEADERS = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect', 'upgrade']);

/** What the shape of a channel does not show, with the path inside the declaration. */
export function channelProblems(declaration: ChannelDeclaration): { path: readonly string[]; reason: string }[] {
  if (declaration.kind !== 'template') return [];
  const headers = Object.keys(declaration.headers)
    .filter((name) => OWN_HEADERS.has(name.toLowerCase()))
    .map((name) => ({ path: ['headers', name], reason: 'is written by the hub itself' }));
  const compiled = compileTemplate(declaration.body, (path) => PATHS.has(path.join('.')));
  if (!('problem' in compiled)) return headers;
  const line = declaration.body.slice(0, compiled.at).split('\n').length;
  const where = line > 1 ? ` (line ${line} of the template)` : '';
  return [...headers, { path: ['body'], reason: `${compiled.problem}${where}` }];
}
