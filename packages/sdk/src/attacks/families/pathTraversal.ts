import { MARK } from '../marks.ts';
import type { Family, View } from './family.ts';

/** What is worth climbing for, as it ends a path. */
const TREASURES = [
  'etc/passwd',
  'etc/shadow',
  'etc/hosts',
  'etc/group',
  'etc/issue',
  'etc/crontab',
  'etc/ssh/sshd_config',
  'etc/apache2/apache2.conf',
  'etc/httpd/conf/httpd.conf',
  'etc/nginx/nginx.conf',
  'etc/mysql/my.cnf',
  'proc/self/environ',
  'proc/self/cmdline',
  'proc/self/maps',
  'proc/version',
  'proc/self/fd/',
  'var/log/',
  'windows/win.ini',
  'winnt/win.ini',
  'win.ini',
  'boot.ini',
  'windows/system32/',
  'winnt/system32/',
  'system32/drivers/etc/hosts',
  'windows/repair/sam',
  'web-inf/web.xml',
  'web.config',
  'wp-config.php',
  '.htpasswd',
  '.htaccess',
  '.ssh/id_rsa',
  '.ssh/authorized_keys',
  '.aws/credentials',
  '.git/config',
  '.git/head',
  '.bash_history',
  '.env',
  'global.asa',
  'cmd.exe',
];
/** Absolute names that are asked for by nobody who may have them. */
const ABSOLUTE = [
  '/etc/passwd',
  '/etc/shadow',
  '/proc/self/environ',
  '/proc/self/cmdline',
  'c:/windows/win.ini',
  'c:/boot.ini',
  'c:/windows/system32/',
];
const WRAPPERS = [
  'php://filter',
  'php://input',
  'expect://',
  'zip://',
  'phar://',
  'file:///etc/',
  'file:///c:/',
  'file:///proc/',
  'file:/etc/passwd',
  'data:text/plain;base64,pd9w',
];
/** So many steps up lead out of any folder that a link of a page would leave. */
const MANY_STEPS = 4;

/** Steps up that leave the folder a path was meant to stay in. A link like `../account` is innocent; where it leads, how far, and in which disguise tells. */
export const pathTraversal: Family = {
  needs: MARK.dots | MARK.slash,
  look(view) {
    const path = view.text.includes('\\') ? view.text.replaceAll('\\', '/') : view.text;
    // Most paths have none of these, and this is asked of every one.
    const scheme = path.indexOf(':');
    if (scheme === -1 && !path.includes('..') && !path.includes('etc/') && !path.includes('proc/')) return undefined;
    if (scheme !== -1) for (const wrapper of WRAPPERS) if (path.startsWith(wrapper)) return 'wrapper';
    const steps = stepsUp(path);
    if (steps.count === 0) return absolute(path, view);
    if (view.place === 'path') return 'steps-up';
    if (TREASURES.some((treasure) => leadsTo(path, steps.end, treasure))) return 'system-file';
    if (steps.odd || view.overlong) return 'disguised';
    if (view.place === 'body' || steps.spaced) return undefined;
    if (view.needless || view.layers > 1) return 'disguised';
    return steps.count >= MANY_STEPS ? 'steps-up' : undefined;
  },
};

/** Counts `../` and its disguises `....//`, `..;/`, `.%00./`: steps in a row, and where the last one ends. */
function stepsUp(path: string): { count: number; end: number; odd: boolean; spaced: boolean } {
  const found = { count: 0, end: 0, odd: false, spaced: false };
  for (let at = path.indexOf('..'); at !== -1; at = path.indexOf('..', at)) {
    const before = at === 0 ? 0x2f : path.charCodeAt(at - 1);
    let end = at + 2;
    while (path.charCodeAt(end) === 0x2e) end++;
    const dots = end - at;
    let disguise = dots === 4;
    while (end - at < 12 && (path.charCodeAt(end) === 0x3b || path.charCodeAt(end) === 0)) {
      disguise = true;
      end++;
    }
    const closes = path.charCodeAt(end) === 0x2f || (end >= path.length && dots === 2 && before === 0x2f && at > 0);
    // `a../b` and `1..5` are no steps; a step begins a path, a segment, or the value of something.
    const opens =
      before === 0x2f || before === 0x3d || before === 0x2e || before === 0x22 || before === 0x27 || before === 0x3a;
    if (closes && dots !== 3 && (opens || before <= 32)) {
      let slashes = end;
      while (path.charCodeAt(slashes) === 0x2f && slashes - end < 8) slashes++;
      if (dots === 4 && slashes - end < 2) disguise = false;
      if (dots === 2 || disguise) {
        found.count++;
        found.odd ||= disguise;
        found.spaced ||= before <= 32;
        found.end = Math.max(found.end, slashes);
        end = slashes;
      }
    }
    at = Math.max(end, at + 2);
  }
  return found;
}

/** Whether the path goes on, after its last step up, to such a file and ends there, or is cut off by a NUL, a query or another extension. */
function leadsTo(path: string, from: number, treasure: string): boolean {
  const at = path.indexOf(treasure, from);
  if (at === -1 || at - from > 40) return false;
  const before = path.slice(from, at);
  if (before.includes(' ')) return false;
  const after = path.charCodeAt(at + treasure.length);
  return (
    treasure.endsWith('/') || Number.isNaN(after) || after < 32 || '.?#&;"\'%<)'.includes(String.fromCharCode(after))
  );
}

function absolute(path: string, view: View): string | undefined {
  if (view.place === 'body') return undefined;
  for (const name of ABSOLUTE) {
    const at = view.place === 'path' ? path.indexOf(name) : path.startsWith(name) ? 0 : -1;
    if (at === -1) continue;
    const after = path.charCodeAt(at + name.length);
    if (name.endsWith('/') || Number.isNaN(after) || after === 0 || after === 0x2e) return 'system-file';
  }
  return undefined;
}
