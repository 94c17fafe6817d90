/** What is guessed first, as the bare letters that it is made of. */
// biome-ignore format: a word list
const WELL_KNOWN = [
  'secret', 'secretkey', 'secretapikey', 'mysecret', 'supersecret', 'topsecret', 'changeme', 'changethis', 'change', 'password',
  'passw', 'default', 'example', 'admin', 'administrator', 'orrery', 'test', 'testkey', 'apikey', 'metakey', 'cronsecret', 'token',
  'replaceme', 'yoursecret', 'yoursecrethere', 'insertsecrethere', 'development', 'letmein', 'qwerty', 'key', 'sk',
];
const FEWEST_DIFFERENT = 6;
const MAKE_ONE = 'make one with `openssl rand -base64 32`';

/** Why a secret is guessable, in words that do not repeat it; undefined when it is not. */
export function weakness(text: string, minBytes: number): string | undefined {
  if (Buffer.byteLength(text) < minBytes)
    return `is weak: it needs ${minBytes} bytes or more where others can reach the hub; ${MAKE_ONE}`;
  if (isWellKnown(text)) return `is a well-known default; ${MAKE_ONE}`;
  if (new Set(text).size < FEWEST_DIFFERENT) return `repeats a few characters; ${MAKE_ONE}`;
  return undefined;
}

/** Reads `change-me-change-me`, `Secret_123` and the like as the words they are made of. */
function isWellKnown(text: string): boolean {
  const letters = text.toLowerCase().replace(/[^a-z]/g, '');
  // Longest first, so that `secretkey` does not leave `key` behind.
  return (
    letters !== '' &&
    [...WELL_KNOWN].sort((a, b) => b.length - a.length).some((word) => letters.replaceAll(word, '') === '')
  );
}
