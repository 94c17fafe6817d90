import { MARK } from '../marks.ts';
import type { Family } from './family.ts';

const OPENERS = ['{{', '${', '#{', '*{', '@{', '<%', '{%', '~{', '[['];
/** Ways from a template into the language behind it. */
const REACHES = [
  '__class__',
  '__mro__',
  '__subclasses__',
  '__globals__',
  '__builtins__',
  '__import__',
  '__init__',
  'getclass(',
  '.class.forname',
  't(java.lang',
  'java.lang.runtime',
  'getruntime(',
  'freemarker.template.utility',
  'constructor.constructor',
  'config.items(',
  'self.env.',
  'request.application',
  'request|attr(',
  '|attr(',
  'registerundefinedfiltercallback',
  'process.mainmodule',
  'global.process',
  "require('child_process",
  'require("child_process',
  "system('",
  'system("',
  'popen(',
  'file.open(',
  'io.popen',
];
const PHP = /<\?(?:php|=)\s{1,4}(?:@?eval|system|exec|passthru|shell_exec|assert|phpinfo)\s?\(/;
const MOST_OPENERS = 32;
/** How far into a template is looked. */
const REACH = 400;

/** A template of the server's engine in what a client sends: arithmetic that only a probe asks for, or a way into the language. `{{name}}` is innocent. */
export const template: Family = {
  needs: MARK.brace | MARK.angle | MARK.paren,
  look({ text }) {
    if (text.includes('<!--#exec') || text.includes('<!--#include')) return 'include';
    if (/\{\$\{[@a-z_]{1,24}\(/.test(text) || PHP.test(text)) return 'php';
    if (text.includes('#set($') || text.includes('#set ($')) return 'directive';
    let seen = 0;
    for (const opener of OPENERS)
      for (let at = text.indexOf(opener); at !== -1 && seen < MOST_OPENERS; at = text.indexOf(opener, at + 2)) {
        seen++;
        const inside = text.slice(at + 2, at + REACH);
        if (isArithmetic(inside)) return 'arithmetic';
        const end = closeOf(inside);
        if (end > 0 && REACHES.some((reach) => inside.slice(0, end).includes(reach))) return 'reach';
      }
    return undefined;
  },
};

/** `7*7}`, `= 7*7 %>`, `7*'7'}}`: two literals multiplied, and nothing else. */
function isArithmetic(inside: string): boolean {
  const found = /^[={ ]{0,3}\d{1,9} ?[*] ?['"]?\d{1,9}['"]? ?[}%\]]/.exec(inside.slice(0, 40));
  return found !== null;
}

function closeOf(inside: string): number {
  const ends = ['}', '%>', ']]'].map((close) => inside.lastIndexOf(close)).filter((end) => end > 0);
  return ends.length === 0 ? 0 : Math.max(...ends);
}
