import { commandInjection } from './commandInjection.ts';
import { crossSite } from './crossSite.ts';
import type { Family } from './family.ts';
import { headerSplit } from './headerSplit.ts';
import { lookup } from './lookup.ts';
import { nulByte } from './nulByte.ts';
import { pathTraversal } from './pathTraversal.ts';
import { sqlInjection } from './sqlInjection.ts';
import { template } from './template.ts';

export type InspectedFamily =
  | 'sql-injection'
  | 'xss'
  | 'path-traversal'
  | 'command-injection'
  | 'lookup'
  | 'template'
  | 'header-split'
  | 'nul-byte';

/** Every family, the most telling first: a value is given to the first that knows it. */
export const FAMILIES = {
  lookup,
  'path-traversal': pathTraversal,
  'header-split': headerSplit,
  xss: crossSite,
  'sql-injection': sqlInjection,
  'command-injection': commandInjection,
  template,
  'nul-byte': nulByte,
} satisfies Record<InspectedFamily, Family>;
