import { MARK } from '../marks.ts';
import type { Family, View } from './family.ts';

/** Names that no prose has behind a semicolon. */
const STRONG = new Set(
  'whoami uname ifconfig ipconfig netstat nslookup systeminfo tasklist printenv /bin/cat /bin/sh /bin/bash /bin/ls /bin/id /usr/bin/id /usr/bin/whoami /bin/ping /bin/uname powershell powershell.exe cmd.exe wget curl certutil bitsadmin'.split(
    ' ',
  ),
);
/** Names that are words too: what stands behind them must be an argument. */
const WEAK = new Set(
  'cat ls id dir type ping sleep echo rm touch chmod chown bash sh zsh nc ncat netcat telnet python python3 perl php ruby node head tail more less find grep net env ps kill cp mv dig host timeout cmd sudo tftp ftp set ver w pwd'.split(
    ' ',
  ),
);
const MOST_ANCHORS = 64;

/** A shell command behind what ends or opens one: `; cat /etc/passwd`, `| id`, `$(curl …)`, backticks. */
export const commandInjection: Family = {
  needs: MARK.separator | MARK.paren,
  look(view) {
    const { text } = view;
    if (isShellshock(text)) return 'shellshock';
    // A browser's name of itself is full of semicolons.
    let anchors = 0;
    for (let i = 0; i < text.length && anchors < MOST_ANCHORS; i++) {
      const code = text.charCodeAt(i);
      const next = text.charCodeAt(i + 1);
      if (code === 0x24 && next === 0x28 && text.charCodeAt(i + 2) !== 0x28) {
        anchors++;
        if (isCommand(text, i + 2, 'substitution', view)) return 'substitution';
      } else if (code === 0x60) {
        anchors++;
        if (view.place !== 'body' && isCommand(text, i + 1, 'backtick', view)) return 'substitution';
      } else if (code === 0x3b || code === 0x7c || code === 0x26 || code === 0x0a) {
        anchors++;
        const start = next === code ? i + 2 : i + 1;
        if (code === 0x0a && (view.place === 'body' || next === 0x0a)) continue;
        if (view.place !== 'body' && isCommand(text, start, text.slice(0, i).trim() === '' ? 'first' : 'after', view))
          return 'chained';
        if (view.place === 'body' && code !== 0x26 && isCommand(text, start, 'body', view)) return 'chained';
        i = start - 1;
      }
    }
    return undefined;
  },
};

function isCommand(
  text: string,
  from: number,
  way: 'substitution' | 'backtick' | 'first' | 'after' | 'body',
  view: View,
): boolean {
  let at = from;
  while (at - from < 16 && (text.charCodeAt(at) <= 32 || text[at] === '{' || text[at] === '`')) at++;
  if (/^(?:system|passthru|shell_exec|popen|proc_open)\(['"]/.test(text.slice(at, at + 16))) return true;
  let end = at;
  // Quotes and backslashes inside a name are nothing to a shell: c''at, w\ho"am"i.
  let name = '';
  while (end - at < 40 && /[a-z0-9_./\\'"$@-]/.test(text[end] ?? '')) {
    const c = text[end] as string;
    if (!'\\\'"@'.includes(c)) name += c;
    end++;
  }
  while (end > at && '\\\'"@'.includes(text[end - 1] as string)) end--;
  if (name.endsWith('.')) return false;
  const spelled = name.length !== end - at;
  const ifs = name.indexOf('$ifs') >= 0 ? name.indexOf('$ifs') : name.indexOf('$');
  const command = ifs > 0 ? name.slice(0, ifs) : name;
  const base = command.slice(command.lastIndexOf('/') + 1);
  const strong =
    STRONG.has(command) ||
    (command.includes('/') &&
      command.startsWith('/') &&
      (STRONG.has(base) || WEAK.has(base)) &&
      /\/s?bin\//.test(command));
  const weak = WEAK.has(base) && (command === base || command.startsWith('/'));
  if (!strong && !weak) return false;
  if (ifs > 0 || spelled) return true;
  if (base === 'net' && /^ {1,4}(?:user|localgroup|view|use|share|start|stop|group)\b/.test(text.slice(end, end + 20)))
    return true;
  const argument = argumentOf(text, end);
  if (argument === 'shell') return true;
  if (strong)
    return (
      way !== 'body' &&
      (argument === 'end' || argument === 'close' || base === 'wget' || base === 'curl'
        ? argument !== 'word'
        : argument !== 'word')
    );
  if (argument === 'close') return way === 'substitution' || (way === 'backtick' && from <= 1);
  if (argument === 'end') return way === 'first' && view.place !== 'header' && view.place !== 'cookie';
  return false;
}

/** What stands behind a command's name: an argument of a shell, the end of the text, what closes a substitution, or a word of prose. */
function argumentOf(text: string, from: number): 'shell' | 'end' | 'close' | 'word' {
  let at = from;
  let wide = false;
  while (at - from < 16 && (text.charCodeAt(at) <= 32 || text.charCodeAt(at) === 0xa0)) {
    wide = true;
    at++;
  }
  const rest = text.slice(at, at + 64);
  if (rest === '') return 'end';
  if (/^[)`}]/.test(rest)) return 'close';
  if (/^<\(?[/a-z]|^[<>]/.test(rest)) return /^[<>]\(?&?[/a-z0-9]/.test(rest) ? 'shell' : 'word';
  if (!wide) return /^[;|&#]/.test(rest) ? 'end' : 'word';
  if (/^-{1,2}[a-z]/.test(rest)) return 'shell';
  if (/^(?:\/[a-z*?.]|~\/|\.\.?\/|\$[a-z{(]|[a-z]:\\|%[a-z]+%|https?:\/\/|ftp:\/\/)/.test(rest)) return 'shell';
  if (/^["']?\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}/.test(rest)) return 'shell';
  if (/^\d{1,3}(?:[;|&#`)}]|$)/.test(rest)) return 'shell';
  if (/^[;|&]/.test(rest)) return 'end';
  return 'word';
}

/** `() { :; }; …` in what becomes an environment variable. */
function isShellshock(text: string): boolean {
  const at = text.indexOf('()');
  if (at === -1 || at > 16) return false;
  return /^\(\)\s{0,4}\{[^}]{0,40}[;}]{1,2}\s{0,4}\}?\s{0,4};/.test(text.slice(at, at + 80));
}
