import type { Explanation } from '@orrery/protocol';
import { z } from 'zod';
import type { Prompt } from './prompt.ts';
import { mayStand } from './vocabulary.ts';

type Claims = Explanation['claims'];
const MOST_CLAIMS = 6;
const MOST_CITED = 10;
const LONGEST = 300;
const SHORTEST = 12;
/** A longer answer is no answer to what was asked. */
const LONGEST_ANSWER = 20_000;

const Answer = z.object({ claims: z.array(z.unknown()) });
const Claim = z.object({ text: z.string().max(4000), evidence: z.array(z.string().max(32)).min(1).max(100) });

/**
 * Pure: what of a model's answer may be shown. It is data: only claims of the right shape that cite evidence that it was shown, as one plain
 * sentence each, without links, addresses, commands and orders. Undefined when the answer cannot be read; no claims says that the data was
 * not enough.
 */
export function readClaims(answer: string, prompt: Pick<Prompt, 'evidence' | 'parts'>): Claims | undefined {
  const parsed = Answer.safeParse(answer.length > LONGEST_ANSWER ? undefined : jsonIn(answer));
  if (!parsed.success) return undefined;
  const claims: Claims = [];
  for (const each of parsed.data.claims.slice(0, 50)) {
    const claim = Claim.safeParse(each);
    if (!claim.success) continue;
    const cited = [...new Set(claim.data.evidence)];
    // One invented citation makes the whole claim an invention.
    const ids = cited.map((short) => prompt.evidence.get(short));
    const text = plainText(claim.data.text, prompt);
    if (text === undefined || ids.length > MOST_CITED || !ids.every((id) => id !== undefined)) continue;
    if (claims.some((known) => known.text === text)) continue;
    claims.push({ text, evidence: ids });
    if (claims.length === MOST_CLAIMS) break;
  }
  return claims;
}

/** JSON alone, in a fence, or with words around it. */
function jsonIn(text: string): unknown {
  for (const tried of [text, text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)]) {
    try {
      return JSON.parse(tried);
    } catch {
      // The next way to read it may do.
    }
  }
  return undefined;
}

const LINKS: readonly [RegExp, string][] = [
  // Markdown images go whole, links leave their words.
  [/!\[[^\]]*\]\s*(?:\([^)]*\)|\[[^\]]*\])/g, ' '],
  [/\[([^\]]*)\]\s*(?:\([^)]*\)|\[[^\]]*\])/g, '$1 '],
  [/<[^>]*>/g, ' '],
  [/\b[a-z][a-z0-9+.-]{1,20}:\/*[^\s]*\/[^\s]*/gi, ' '],
  [/\b(?:javascript|data|vbscript|mailto|tel|file):\S*/gi, ' '],
  [/(?:\/\/|\\\\)\S+/g, ' '],
  [/\S+@\S+/g, ' '],
  [/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\S*/g, ' '],
  [/\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}\b\S*/gi, ' '],
];
/** What would have somebody do something: what to do next is not a model's to say. */
const ORDERS =
  /\b(?:ignore|disregard|disable|delete|drop|remove|silence|mute|suppress|acknowledge|approve|execute|install|download|upload|visit|click|open the|send|forward|paste|type|enter|run|curl|wget|sudo|bash|powershell|kubectl|docker|chmod|eval|grant|rotate|reveal|print|password|passphrase|secret|api key|token is|you (?:must|should|need|have to)|please|instead|system prompt|previous instructions?)\b/i;
const STRANGE = /[`$|\\{}~^#*_=&"“”„]|--/;
const ZERO_WIDTH = /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad]/g;

/** More than this share of words that are of no use in an explanation, and it is something else. */
const STRANGE_SHARE = 0.2;

/** One sentence of plain words about parts that it was shown; undefined when it is something else. */
function plainText(written: string, { evidence, parts }: Pick<Prompt, 'evidence' | 'parts'>): string | undefined {
  let text = written
    .normalize('NFKC')
    .replace(ZERO_WIDTH, '')
    .replace(/\p{Cc}+/gu, ' ');
  for (const [pattern, by] of LINKS) text = text.replace(pattern, by);
  if (ORDERS.test(text) || STRANGE.test(text)) return undefined;
  const said: string[] = [];
  const count = { parts: 0, words: 0, strange: 0 };
  // Names, words, and what stands between them.
  for (const [piece] of text.matchAll(/[ep][0-9a-f]{4}-\d+|[\p{L}\p{N}]+(?:['’][\p{L}]+)?|[^\p{L}\p{N}]+/gu)) {
    const name = parts.get(piece);
    if (name !== undefined) {
      count.parts += 1;
      said.push(name);
    } else if (/^p[0-9a-f]{4}-\d+$/.test(piece)) return undefined;
    else if (evidence.has(piece)) said.push('');
    else if (/^[\p{L}\p{N}]/u.test(piece)) {
      count.words += 1;
      const stands = mayStand(piece.toLowerCase().replace(/['’]s$/, ''));
      if (!stands) count.strange += 1;
      said.push(stands ? piece : '…');
    } else said.push(piece.replace(/[^\s.,;:()'"%/+–—-]/g, ' '));
  }
  if (count.parts === 0 || count.words < 2 || count.strange > STRANGE_SHARE * count.words) return undefined;
  const sentence = said
    .join('')
    .replace(/\((?:[\s,;]|and)*\)/g, ' ')
    .replace(/(?:…\s*){2,}/g, '… ')
    .replace(/\s+/g, ' ')
    .replace(/\s+([.,;:])/g, '$1')
    .trim();
  if (sentence.length < SHORTEST) return undefined;
  return sentence.length > LONGEST ? `${sentence.slice(0, LONGEST).replace(/\s+\S*$/, '')}…` : sentence;
}
