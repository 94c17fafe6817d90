/** Characters without which an attack of some kind cannot be; most requests have none of them and cost one pass. */
export const MARK = {
  quote: 1,
  angle: 2,
  dots: 4,
  separator: 8,
  brace: 16,
  control: 32,
  paren: 64,
  blank: 128,
  colon: 256,
  slash: 512,
  encoded: 1024,
  equals: 2048,
} as const;

const TABLE = new Uint16Array(256);
const put = (characters: string, mark: number) => {
  for (const character of characters) TABLE[character.charCodeAt(0)] = (TABLE[character.charCodeAt(0)] ?? 0) | mark;
};
put('\'"`', MARK.quote);
put('<', MARK.angle);
put(';|&`\n$', MARK.separator);
put('{', MARK.brace);
put('(', MARK.paren);
put(' \t\n\r+\v\f\u00a0', MARK.blank);
put(':', MARK.colon);
put('/\\', MARK.slash);
put('%&\\', MARK.encoded);
put('=', MARK.equals);
for (let code = 0; code < 32; code++) TABLE[code] = (TABLE[code] ?? 0) | MARK.control;

/** Which marks a text has. Letters beyond Latin-1 may be look-alikes, and count as encoded. */
export function marksOf(text: string): number {
  let marks = 0;
  let before = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    marks |= code < 256 ? (TABLE[code] as number) : MARK.encoded;
    if (code === 0x2e && before === 0x2e) marks |= MARK.dots;
    before = code;
  }
  return marks;
}
