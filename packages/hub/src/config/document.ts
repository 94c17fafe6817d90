import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { Environment } from './environment.ts';
import { fieldPath, type Issue } from './issue.ts';
import { expandReferences, hideReferences, holdsExpressions, showReferences } from './references.ts';

/** Bounds that no honest file comes near: aliases multiply nodes, and a deep nest exhausts the stack. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 40;
const MAX_SYNTAX_ERRORS = 50;

type Position = { line: number; column: number };
export type ReadDocument = {
  value: unknown;
  issues: Issue[];
  /** Where the value of a path stands, or the nearest thing around it. */
  at(path: readonly PropertyKey[]): Position | undefined;
  /** Where a key itself stands. */
  keyAt(path: readonly PropertyKey[], key: string): Position | undefined;
  /** `message` with values that came from the environment replaced by their references. */
  withoutValues(message: string): string;
  /** Variables that the text refers to. */
  references: ReadonlySet<string>;
};

/** Reads YAML into plain values with `${…}` filled in from the environment; never throws on any text. */
export function readDocument(text: string, source: string, env: Environment): ReadDocument {
  const lines = new LineCounter();
  const issues: Issue[] = [];
  const positions = new Map<string, Position>();
  const keys = new Map<string, Position>();
  const expansions = new Map<string, string>();
  const references = new Set<string>();
  const place = (offset: number | undefined): Position | undefined => {
    if (offset === undefined) return undefined;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const complain = (path: readonly PropertyKey[], offset: number | undefined, reason: string) =>
    issues.push({ source, ...place(offset), field: fieldPath(path), reason });

  const result: ReadDocument = {
    value: undefined,
    issues,
    references,
    at(path) {
      for (let length = path.length; length >= 0; length--) {
        const found = positions.get(fieldPath(path.slice(0, length)));
        if (found) return found;
      }
      return undefined;
    },
    keyAt: (path, key) => keys.get(fieldPath([...path, key])) ?? result.at(path),
    withoutValues(message) {
      let shown = message;
      for (const [value, written] of expansions) shown = shown.replaceAll(value, written);
      return shown;
    },
  };

  const hidden = hideReferences(text);
  if (hidden === undefined) {
    issues.push({ source, field: '', reason: 'the file holds Unicode noncharacters (U+FDD0 to U+FDEF); remove them' });
    return result;
  }
  const document = parseDocument(hidden, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  for (const error of [...document.errors, ...document.warnings].slice(0, MAX_SYNTAX_ERRORS)) {
    const several = error.code === 'MULTIPLE_DOCS' ? 'the file holds several documents (---); keep one' : undefined;
    complain([], error.pos[0], several ?? showReferences(error.message));
  }

  let nodes = 0;
  let bounded = false;
  const open = new Set<Node>();
  function read(given: unknown, path: readonly PropertyKey[]): unknown {
    const node = given as Node | null;
    const offset = node?.range?.[0];
    const position = place(offset);
    if (position) positions.set(fieldPath(path), position);
    if (node === null || node === undefined || bounded) return null;
    if (++nodes > MAX_NODES || path.length > MAX_DEPTH) {
      bounded = true;
      complain(
        path,
        offset,
        nodes > MAX_NODES ? 'the file unfolds to too many values; use fewer aliases' : 'is nested too deep',
      );
      return null;
    }
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined) complain(path, offset, `the alias *${node.source} names no anchor before it`);
      else if (open.has(target)) complain(path, offset, `the alias *${node.source} stands inside what it repeats`);
      else return read(target, path);
      return null;
    }
    open.add(node);
    const value = readInside(node, path, offset);
    open.delete(node);
    return value;
  }

  function readInside(node: Node, path: readonly PropertyKey[], offset: number | undefined): unknown {
    if (isMap(node)) return readMap(node, path);
    if (isSeq(node)) return node.items.map((item, i) => read(item, [...path, i]));
    if (!isScalar(node)) return null;
    if (typeof node.value !== 'string') return node.value;
    const written = showReferences(node.value);
    if (holdsExpressions(path)) return written;
    const { text: value, used, problems } = expandReferences(written, env);
    for (const name of used) references.add(name);
    for (const problem of problems) complain(path, offset, problem);
    if (used.length > 0 && value.length > 2) expansions.set(value, written);
    return value;
  }

  function readMap(map: YAMLMap, path: readonly PropertyKey[]): Record<string, unknown> {
    const own = new Map<string, unknown>();
    const merged = new Map<string, unknown>();
    for (const pair of map.items) {
      const keyNode = pair.key as Node | null;
      const offset = keyNode?.range?.[0];
      if (!isScalar(keyNode) || keyNode.value === null || typeof keyNode.value === 'object') {
        complain(path, offset, 'a key must be a word');
        continue;
      }
      const key = showReferences(String(keyNode.value));
      if (key === '<<') {
        const sources = isSeq(pair.value) ? pair.value.items : [pair.value];
        for (const from of sources) {
          const value = read(from, path);
          if (value === null || typeof value !== 'object' || Array.isArray(value))
            complain(path, offset, '"<<" merges maps only');
          else for (const [name, inner] of Object.entries(value)) if (!merged.has(name)) merged.set(name, inner);
        }
        continue;
      }
      const inside = [...path, key];
      const position = place(offset);
      if (own.has(key)) {
        const first = keys.get(fieldPath(inside));
        complain(inside, offset, `stands twice in one map${first ? `; the first is on line ${first.line}` : ''}`);
        continue;
      }
      if (position) {
        keys.set(fieldPath(inside), position);
        positions.set(fieldPath(inside), position);
      }
      own.set(key, read(pair.value, inside));
    }
    // fromEntries defines its keys: `__proto__` becomes a plain, unknown key.
    return Object.fromEntries([...merged, ...own]);
  }

  result.value = read(document.contents, []);
  if (document.contents === null) result.value = undefined;
  return result;
}
