import type { ASTNode } from '@marcbachmann/cel-js';
import type { Fault } from './fault.ts';

const LOOPS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** Every part of an expression, the outer before the inner. */
export function* nodesOf(node: ASTNode): Generator<ASTNode> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

function childrenOf({ args }: ASTNode): ASTNode[] {
  const flat: unknown[] = Array.isArray(args) ? (args as unknown[]).flat(2) : [args];
  return flat.filter((part): part is ASTNode => typeof part === 'object' && part !== null && 'op' in part);
}

const isLoop = (node: ASTNode): boolean => node.op === 'rcall' && LOOPS.has(node.args[0]);

/** What could make one evaluation long: a loop inside a loop, and names bound to values that double. */
export function bounds(ast: ASTNode): Fault | undefined {
  for (const node of nodesOf(ast)) {
    if (node.op !== 'rcall') continue;
    const [name, receiver, args] = node.args;
    if (name === 'bind' && receiver.op === 'id' && receiver.args === 'cel')
      return { reason: 'cel.bind is not taken in rules', from: node.start, to: node.end };
    if (!isLoop(node)) continue;
    for (const inner of args.flatMap((arg) => [...nodesOf(arg)]))
      if (isLoop(inner))
        return { reason: 'a loop inside a loop is not taken in rules', from: inner.start, to: inner.end };
  }
  return undefined;
}
