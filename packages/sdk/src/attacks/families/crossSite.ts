import { MARK } from '../marks.ts';
import type { Family, View } from './family.ts';

/** Functions and objects that a script in a foreign page is after. */
const SINKS =
  'alert confirm prompt print eval fetch atob settimeout setinterval function import document window location top self parent this globalthis string navigator xmlhttprequest $.getscript $.get constructor open throw onerror require'.split(
    ' ',
  );
/** What an element may be told to do when something happens to it, by its beginning. */
const EVENTS =
  'abort activate after animation append auxclick before begin blur bounce cancel canplay change click close contextmenu copy cuechange cut dblclick drag drop durationchange emptied end ended error finish focus formdata fullscreen gotpointer hash input invalid key load lostpointer message mouse mozfullscreen open page paste play pointer popstate progress ratechange readystatechange repeat reset resize scroll search securitypolicy seek select show slot stalled start storage submit suspend timeupdate toggle touch transition unhandled unload volumechange waiting webkit wheel'.split(
    ' ',
  );
const ACTIVE = new Set('iframe object embed applet frame frameset base meta link portal'.split(' '));
const MOST_TAGS = 200;
const TAG_REACH = 600;

/** Script in what a page may show: an element that runs something, an attribute that does, a script's address, or the way out of a string in a script. */
export const crossSite: Family = {
  needs: MARK.angle | MARK.quote | MARK.colon | MARK.equals,
  look(view) {
    const text = view.place === 'body' ? withoutCode(view.text) : view.text;
    return tags(text, view) ?? breakout(text, view) ?? address(text);
  },
};

function tags(text: string, view: View): string | undefined {
  let seen = 0;
  for (let at = text.indexOf('<'); at !== -1 && seen < MOST_TAGS; at = text.indexOf('<', at + 1), seen++) {
    let from = at + 1;
    while (from - at < 4 && (text.charCodeAt(from) === 0 || text[from] === '/' || text[from] === '<')) from++;
    let end = from;
    while (end - from < 40 && isName(text.charCodeAt(end))) end++;
    if (end === from) continue;
    const name = text.slice(from, end);
    const tag = text.slice(end, end + TAG_REACH);
    const closes = tag.indexOf('>');
    const head = closes === -1 ? tag : tag.slice(0, closes);
    if (name === 'script' || name === 'svg:script' || name === 'x:script') {
      if (/\s*\/?\s*(?:src|href|xlink:href)\s{0,8}=/.test(head.slice(0, 80)))
        return text[from - 1] === '/' ? undefined : 'script';
      if (
        closes !== -1 &&
        (isCode(tag.slice(closes + 1, closes + 300)) || (at > 0 && tag.slice(closes + 1).startsWith('</script')))
      )
        return 'script';
      if (closes === -1 && isCode(head)) return 'script';
      if (text[from - 1] === '/' && closes !== -1 && /^\s{0,8}<(?:script|img|svg|iframe)/.test(tag.slice(closes + 1)))
        return 'script';
    }
    // A word after `<` that is no tag goes on with a blank, a slash, an end, and here with an attribute.
    const handler = eventIn(head);
    if (handler) return 'event';
    if (schemeIn(name === 'style' ? tag : head)) return 'script-address';
    if (name === 'iframe' && /\bsrcdoc\s{0,8}=/.test(head)) return 'script';
    if (
      (name === 'style' || head.includes('style')) &&
      /expression\s{0,8}\(|-moz-binding|@import\s{0,8}['"(]{0,2}(?:https?:)?\/\/|behaviou?r\s{0,4}:\s{0,4}url/.test(
        tag.slice(0, 300).replace(/\/\*[^*]{0,40}\*\//g, ''),
      )
    )
      return 'style';
    if (
      view.place !== 'body' &&
      ACTIVE.has(name) &&
      /[\s/](?:src|data|href|code|content|http-equiv)\s{0,8}=/.test(head)
    )
      return 'embed';
  }
  return undefined;
}

/** Whether an attribute of the tag is an event's: blank, slash or quote, `on…`, `=`. */
function eventIn(head: string): boolean {
  for (let at = head.indexOf('on'); at !== -1; at = head.indexOf('on', at + 2)) {
    const before = at === 0 ? 0 : head.charCodeAt(at - 1);
    if (before > 32 && !'/"\'`,'.includes(head[at - 1] as string) && before !== 0xa0) continue;
    if (isEvent(head, at)) return true;
  }
  return false;
}

/** `onload=`, with blanks and control characters before the sign. */
function isEvent(text: string, at: number): boolean {
  let end = at + 2;
  while (end - at < 32 && isName(text.charCodeAt(end))) end++;
  const name = text.slice(at + 2, end);
  if (name.length < 3 || !EVENTS.some((event) => name.startsWith(event))) return false;
  const from = end;
  while (end - from < 12 && (text.charCodeAt(end) <= 32 || text[end] === '/')) end++;
  return text[end] === '=' && text[end + 1] !== '=';
}

/** An attribute whose value is a script's address. */
function schemeIn(head: string): boolean {
  if (!head.includes('=') && !head.includes('url(')) return false;
  const dense = head.replace(/[\0-\x20\u00a0"'`]/g, '');
  return /=(?:javascript|vbscript|livescript|mocha):|=data:(?:text\/html|image\/svg|application\/xhtml|text\/xml|,|;)|url\(\(?javascript:|=\d{1,3};url=(?:javascript|data):/.test(
    dense,
  );
}

/** The way out of an attribute or of a string in a script. */
function breakout(text: string, view: View): string | undefined {
  let seen = 0;
  const counts: Record<number, number> = { 34: 0, 39: 0, 96: 0 };
  for (let i = 0; i < text.length && seen < 128; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x22 && code !== 0x27 && code !== 0x60) continue;
    seen++;
    const count = (counts[code] ?? 0) + 1;
    counts[code] = count;
    const odd = count % 2 === 1;
    let at = i + 1;
    while (at - i < 12 && (text.charCodeAt(at) <= 32 || text[at] === '/' || text[at] === '>')) at++;
    if (at > i + 1 && view.place !== 'body' && eventIn(text.slice(i + 1, i + 120))) return 'event';
    if (
      at > i + 1 &&
      text.startsWith('style', at) &&
      /^style\s{0,4}=.{0,40}(?:expression|animation)/.test(text.slice(at, at + 80)) &&
      text.includes('on', at)
    )
      return 'event';
    let ops = i + 1;
    while (ops - i < 16 && ';-+*,)(}]/|&^%?:<>!=~ \n\t\r'.includes(text[ops] ?? '.')) ops++;
    // Behind a string that ends must stand an operator; behind one that begins (the second quote of a pair) stands code that somebody shows.
    if (
      odd &&
      ops > i + 1 &&
      /[;\-+*/|&^,%?=!]/.test(text.slice(i + 1, ops)) &&
      view.place !== 'body' &&
      isSink(text, ops)
    )
      return 'string-end';
  }
  return undefined;
}

/** The whole value is a script's address: `javascript:alert(1)`, blanks and breaks in it or not. A talk about javascript is none. */
function address(text: string): string | undefined {
  const head = text
    .slice(0, 200)
    .replace(/\p{Cc}/gu, '')
    .trimStart();
  if (head.startsWith('data:text/html') && /^data:text\/html[^ ]{0,40},/.test(head)) return 'script-address';
  const scheme = head.startsWith('javascript:') ? 11 : head.startsWith('vbscript:') ? 9 : 0;
  if (scheme === 0) return undefined;
  const rest = head.slice(scheme);
  if (/^(?:\/\/|\/\*)/.test(rest)) return 'script-address';
  if (isSink(rest.trimStart(), 0)) return 'script-address';
  return rest[0] !== ' ' && isCode(rest) ? 'script-address' : undefined;
}

/** Whether a function or object of a script stands here and something is done with it. */
function isSink(text: string, from: number): boolean {
  let at = from;
  while (at - from < 8 && '([{!~+-'.includes(text[at] ?? '.')) at++;
  let end = at;
  while (end - at < 40 && (isName(text.charCodeAt(end)) || '.$_'.includes(text[end] ?? ' '))) end++;
  const name = text.slice(at, end);
  const first = name.split('.')[0] as string;
  if (!SINKS.includes(first) && !SINKS.includes(name)) return false;
  while (text.charCodeAt(end) <= 32 && end - at < 60) end++;
  return '(`[=)'.includes(text[end] ?? ' ') && (text[end] !== '=' || name.includes('.'));
}

const isCode = (text: string): boolean => /[a-z0-9_$\])]\s{0,4}[(`=[]|[([]['"]/.test(text.slice(0, 300));

const isName = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x3a || code === 0x2d;

/** A body may be a text about code: what stands between backticks is shown, not run. */
function withoutCode(text: string): string {
  if (!text.includes('`')) return text;
  const parts = text.split(text.includes('```') ? '```' : '`');
  return parts.length < 3 ? text : parts.filter((_, n) => n % 2 === 0).join(' ');
}
