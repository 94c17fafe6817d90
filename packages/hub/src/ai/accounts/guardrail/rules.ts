import type { RedactionRule } from '@orrery/protocol';

/** Replaces what a rule finds in a text. All patterns are of linear time: no part of one can be read in two ways. */
type Redact = (text: string) => string;

const put = (name: string): string => `[${name}]`;

/** The check digit of payment cards (ISO/IEC 7812, Luhn). */
export function isCard(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The check digits of an IBAN (ISO 7064, MOD 97-10). */
export function isIban(text: string): boolean {
  if (text.length < 15 || text.length > 34) return false;
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

const EMAIL = /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g;
const CARD = /\b\d(?:[ -]?\d){12,18}\b/g;
const IBAN = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/g;
/** With a country code, or grouped as people write numbers; bare runs of digits are as likely an order or an amount. */
const PHONE =
  /(?<![\w.])(?:\+\d{1,3}[ .-]?)(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}(?!\w)|(?<![\w.])(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4}(?!\w)/g;
const JWT = /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g;
const PRIVATE_KEY = /-----BEGIN ((?:[A-Z]+ ){0,3}PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g;
const API_KEY = new RegExp(
  [
    'sk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20,}', // Anthropic, OpenAI, OpenRouter
    'AKIA[A-Z0-9]{16}', // Amazon
    'ASIA[A-Z0-9]{16}',
    'AIza[A-Za-z0-9_-]{35}', // Google
    'gh[pousr]_[A-Za-z0-9]{36,}', // GitHub
    'github_pat_[A-Za-z0-9_]{50,}',
    'glpat-[A-Za-z0-9_-]{20,}', // GitLab
    'xox[abposr]-[A-Za-z0-9-]{10,}', // Slack
    '(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}', // Stripe
    'SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}', // SendGrid
    'npm_[A-Za-z0-9]{36}',
    'hf_[A-Za-z0-9]{30,}', // Hugging Face
    'orr_[A-Za-z0-9_-]{20,}', // our own
  ]
    .map((one) => `(?<![A-Za-z0-9_-])${one}`)
    .join('|'),
  'g',
);

/** What is known of each kind of personal data and secret. What is taken out leaves a word for what it was. */
export const RULES = {
  'private-key': (text) => text.replace(PRIVATE_KEY, put('private key')),
  jwt: (text) => text.replace(JWT, put('token')),
  'api-key': (text) => text.replace(API_KEY, put('api key')),
  email: (text) => (text.includes('@') ? text.replace(EMAIL, put('e-mail')) : text),
  iban: (text) => text.replace(IBAN, (found) => ibanIn(found)),
  card: (text) => text.replace(CARD, (found) => (isCard(found.replace(/\D/g, '')) ? put('card') : found)),
  phone: (text) => text.replace(PHONE, put('phone')),
} satisfies Record<RedactionRule, Redact>;

/** An IBAN may be followed by a word in capitals that looks like more of it: the longest beginning that is one counts. */
function ibanIn(found: string): string {
  for (let end = found.length; end >= 15; end--) {
    const part = found.slice(0, end);
    if (!part.endsWith(' ') && isIban(part.replaceAll(' ', ''))) return `${put('iban')}${found.slice(end)}`;
  }
  return found;
}

/** The order in which rules are used: what is whole before what may be a part of it. */
export const RULE_ORDER = Object.keys(RULES) as RedactionRule[];
