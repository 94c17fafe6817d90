/** Every character as bytes in hex, as a tool does that wants to be thorough. */
const allPercent = (text: string): string =>
  [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const mixedCase = (text: string): string =>
  [...text].map((c, n) => (n % 2 === 0 ? c.toLowerCase() : c.toUpperCase())).join('');
const special = (text: string, write: (code: number) => string): string =>
  [...text].map((c) => (/[\w ]/.test(c) ? c : write(c.charCodeAt(0)))).join('');
const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

/** Ways in which the value of a parameter is disguised; each gives what stands behind `?q=`. */
export const ENCODINGS: Readonly<Record<string, (payload: string) => string>> = {
  'percent-encoded': encodeURIComponent,
  'with + for blanks': (text) => encodeURIComponent(text).replaceAll('%20', '+'),
  'every byte percent-encoded': allPercent,
  'twice percent-encoded': (text) => encodeURIComponent(encodeURIComponent(text)),
  'four times percent-encoded': (text) => allPercent(allPercent(encodeURIComponent(encodeURIComponent(text)))),
  '%u escapes': (text) => encodeURIComponent(text).replace(/%([0-7][0-9A-F])/g, '%u00$1'),
  'HTML entities in hex': (text) => encodeURIComponent(special(text, (code) => `&#x${hex(code, 2)};`)),
  'HTML entities in decimals': (text) => encodeURIComponent(special(text, (code) => `&#${code};`)),
  'JavaScript escapes': (text) => encodeURIComponent(special(text, (code) => `\\u${hex(code, 4)}`)),
  'overlong UTF-8': (text) =>
    [...text]
      .map((c) => {
        const code = c.charCodeAt(0);
        return /\w/.test(c) || code > 127
          ? encodeURIComponent(c)
          : `%${hex(0xc0 | (code >> 6), 2)}%${hex(0x80 | (code & 63), 2)}`;
      })
      .join(''),
  'full-width letters': (text) =>
    encodeURIComponent(
      special(text, (code) =>
        code > 32 && code < 127 ? String.fromCharCode(code + 0xfee0) : String.fromCharCode(code),
      ),
    ),
};

export { mixedCase };
