/**
 * Drain: log lines into templates, one line at a time, through a tree of fixed depth.
 * P. He, J. Zhu, Z. Zheng, M. R. Lyu: "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017.
 * One configuration serves every source: lines are told apart by their number of words and their first two, and belong together when
 * at least half of the words agree.
 */
const SIMILARITY = 0.5;
const MAX_CHILDREN = 100;
const MAX_WORDS = 64;
const MAX_CHARACTERS = 1000;
export const MAX_TEMPLATES = 500;
export const ANY = '<*>';

/** Values that no template should be told apart by, longest shapes first. Each pattern is linear in the line's length. */
const VALUES: readonly RegExp[] = [
  /\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?/g,
  /\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b/g,
  /\bhttps?:\/\/[^\s"'<>]{1,500}/g,
  /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}/g,
  /\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b/g,
  /\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi,
  /"[^"]{0,500}"|'[^'\s]{0,100}'/g,
  /(?<![A-Za-z_])[-+]?\d+(?:[.,:]\d+)*(?:[eE][-+]?\d+)?(?:%|ns|us|µs|ms|s|m|h|d|[kKMGT]i?B|B|b)?(?![A-Za-z_])/g,
];

/** The words of a line with its values masked. Of many lines (a stack trace) the first one speaks. */
export function wordsOf(message: string): string[] {
  let text = message.slice(0, MAX_CHARACTERS).split('\n', 1)[0] ?? '';
  for (const value of VALUES) text = text.replace(value, ANY);
  const words = text.trim().split(/\s+/);
  return words.length > MAX_WORDS ? [...words.slice(0, MAX_WORDS), ANY] : words;
}

export type Template = { id: string; words: readonly string[] };

export type Tree<T extends Template> = {
  /** The template of these words, if there is one; `change` says whether it has become more general by them. */
  find(words: readonly string[]): { template: T; words: readonly string[]; changed: boolean } | undefined;
  add(template: T): void;
  remove(template: T): void;
};

/** A tree over templates that its caller keeps. */
export function createTree<T extends Template>(templates: Iterable<T> = []): Tree<T> {
  const leaves = new Map<string, Set<T>>();
  const children = new Map<string, Set<string>>();
  const placed = new Map<string, string>();

  /** One step down: words that look like values, and those beyond the widest that a node may be, share one child. */
  function step(path: string, word: string | undefined, grow: boolean): string {
    if (word === undefined) return path;
    const known = children.get(path) ?? new Set<string>();
    let child = word;
    if (word === ANY || /\d/.test(word) || (!known.has(word) && known.size >= MAX_CHILDREN)) child = ANY;
    if (grow) {
      known.add(child);
      children.set(path, known);
    }
    return `${path}\u0000${child}`;
  }
  const leafOf = (words: readonly string[], grow: boolean) =>
    step(step(String(words.length), words[0], grow), words[1], grow);

  const tree: Tree<T> = {
    find(words) {
      let best: { template: T; same: number; wild: number } | undefined;
      for (const template of leaves.get(leafOf(words, false)) ?? []) {
        let same = 0;
        let wild = 0;
        for (let i = 0; i < words.length; i++) {
          if (template.words[i] === words[i]) same += 1;
          else if (template.words[i] === ANY) wild += 1;
        }
        if (!best || same > best.same || (same === best.same && wild > best.wild)) best = { template, same, wild };
      }
      if (!best || best.same / words.length < SIMILARITY) return undefined;
      const { template } = best;
      const general = template.words.map((word, i) => (word === words[i] ? word : ANY));
      return { template, words: general, changed: general.some((word, i) => word !== template.words[i]) };
    },
    add(template) {
      const leaf = leafOf(template.words, true);
      placed.set(template.id, leaf);
      leaves.set(leaf, (leaves.get(leaf) ?? new Set()).add(template));
    },
    remove(template) {
      const leaf = placed.get(template.id);
      if (leaf === undefined) return;
      const others = leaves.get(leaf);
      others?.delete(template);
      if (others?.size === 0) leaves.delete(leaf);
      placed.delete(template.id);
    },
  };
  for (const template of templates) tree.add(template);
  return tree;
}
