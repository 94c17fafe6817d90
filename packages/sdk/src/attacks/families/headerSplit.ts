import { MARK } from '../marks.ts';
import type { Family } from './family.ts';

/** Headers that only a server writes; prose has no line that begins with one. */
const OWN = [
  'set-cookie:',
  'content-length:',
  'transfer-encoding:',
  'content-type:',
  'access-control-',
  'x-xss-protection:',
];
/** Words that are headers and words of letters as well: what follows, and what is before, must be a header's. */
const WORDS = ['location:', 'refresh:', 'host:', 'link:', 'x-'];
const MOST_LINES = 64;

/** A line break that would end a header of the answer and begin another one. */
export const headerSplit: Family = {
  needs: MARK.control,
  look({ text, place }) {
    if (place === 'body') return undefined;
    let at = nextBreak(text, 0);
    const spaced = text.slice(0, Math.max(0, at)).trim().includes(' ');
    for (let lines = 0; at !== -1 && lines < MOST_LINES; lines++, at = nextBreak(text, at + 1)) {
      let begin = at;
      while (text.charCodeAt(begin) <= 32 && begin - at < 8) begin++;
      if (OWN.some((name) => text.startsWith(name, begin)) || text.startsWith('http/1.', begin)) return 'header';
      if (spaced) continue;
      if (WORDS.some((name) => text.startsWith(name, begin)) && text.slice(begin, begin + 64).includes(':'))
        return 'header';
      if (text.startsWith('\r\n\r\n<', at) || text.startsWith('\n\n<', at)) return 'body';
    }
    return undefined;
  },
};

function nextBreak(text: string, from: number): number {
  const cr = text.indexOf('\r', from);
  const lf = text.indexOf('\n', from);
  return cr === -1 ? lf : lf === -1 ? cr : Math.min(cr, lf);
}
