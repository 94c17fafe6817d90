import { createHash } from 'node:crypto';

const COMMANDS = new Set(
  'SELECT INSERT UPDATE DELETE MERGE WITH BEGIN START COMMIT ROLLBACK LOCK COPY CREATE ALTER DROP TRUNCATE VACUUM ANALYZE REINDEX REFRESH CALL DO EXECUTE FETCH SET SHOW'.split(
    ' ',
  ),
);
const COMMENTS = /--[^\n]*|\/\*[\s\S]*?(\*\/|$)/;
/** Strings of every kind, with and without their end, numbers and parameters: what may be somebody's data. */
const VALUES =
  /(?<!\w)e'(?:[^'\\]|\\.|'')*('|$)|(?<!\w)(?:[bxn]|u&)?'(?:[^']|'')*('|$)|(?<!\w)(\$(?:[a-z_]\w*)?\$)[\s\S]*?(\3|$)|(?<![\w$])[+-]?(?:0x[0-9a-f]+|\d[\d_]*(?:\.\d*)?(?:e[+-]?\d+)?)|\$\d+/;
// In one pass: what looks like a comment inside a string is part of it, and the other way round.
const EITHER = new RegExp(`(?<value>${VALUES.source.replace('\\3', '\\4')})|${COMMENTS.source}`, 'gi');

/**
 * What a statement is told by: its command and a hash of its text without its values. Nothing of the text itself is in it. Lists of values
 * of any length are the same statement. Pure.
 */
export function fingerprint(statement: string): string {
  const bare = statement
    .replace(EITHER, (...match) => ((match.at(-1) as { value?: string }).value === undefined ? ' ' : ' ? '))
    .replace(/\s+/g, ' ')
    .replace(/ ?([=(),;<>]) ?/g, '$1')
    .replace(/\?( ?, ?\?)+/g, '?')
    .trim()
    .toLowerCase();
  const [first = ''] = bare.toUpperCase().match(/[A-Z]+/) ?? [];
  const hash = createHash('sha256').update(bare).digest('hex').slice(0, 12);
  return `${COMMANDS.has(first) ? first : 'statement'} ${hash}`;
}
