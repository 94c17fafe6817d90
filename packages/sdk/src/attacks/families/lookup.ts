import { MARK } from '../marks.ts';
import type { Family } from './family.ts';

const SOURCES = [
  'jndi:',
  'env:',
  'sys:',
  'ctx:',
  'java:',
  'lower:',
  'upper:',
  'date:',
  'main:',
  'bundle:',
  ':-',
  '::-',
];

/** `${jndi:…}` and the lookups that spell it: what a logger of the Java world resolves while it writes a line. */
export const lookup: Family = {
  needs: MARK.brace,
  look({ text }) {
    let nested: string | undefined;
    for (let at = text.indexOf('${'), seen = 0; at !== -1 && seen < 64; at = text.indexOf('${', at + 2), seen++) {
      if (text.startsWith('jndi:', at + 2)) return 'jndi';
      // `${env:HOME}` alone is a template of many products; inside another lookup it spells something.
      if (SOURCES.some((source) => text.startsWith(source, at + 2)) && isNested(text, at)) nested = 'nested';
    }
    return nested;
  },
};

/** Whether another lookup is open before this one or beside it, within the few characters that a spelled word has. */
function isNested(text: string, at: number): boolean {
  const before = text.lastIndexOf('${', at - 1);
  if (before === -1 || at - before > 40) return false;
  const between = text.slice(before + 2, at);
  return !between.includes('}') || /^[a-z:-]{0,12}[^}]{0,8}\}[a-z:]{0,6}$/.test(between);
}
