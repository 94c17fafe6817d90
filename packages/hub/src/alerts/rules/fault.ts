/** What is wrong in a text, and where: positions count characters from 0. */
export type Fault = { reason: string; from: number; to: number };

/** `no such key: foo; … (at character 7: "foo")` */
export const describeFault = ({ reason, from, to }: Fault, text: string): string =>
  `${reason} (at character ${from + 1}${to > from ? `: ${JSON.stringify(text.slice(from, to).slice(0, 60))}` : ''})`;
