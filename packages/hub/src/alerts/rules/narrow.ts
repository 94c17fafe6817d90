import type { ASTNode } from '@marcbachmann/cel-js';

/**
 * The event types, or sample keys, that a condition can hold for; undefined when any can. Read from `event.type == "…"` and
 * `event.type in […]` where they must hold, so that what a rule is not about costs it nothing.
 */
export function wordsOf(ast: ASTNode, variable: string, field: string): ReadonlySet<string> | undefined {
  if (ast.op === '&&') {
    const [left, right] = ast.args.map((side) => wordsOf(side, variable, field));
    return left && right ? new Set([...left].filter((word) => right.has(word))) : (left ?? right);
  }
  if (ast.op === '||') {
    const [left, right] = ast.args.map((side) => wordsOf(side, variable, field));
    return left && right ? new Set([...left, ...right]) : undefined;
  }
  if (ast.op === '==') {
    const [left, right] = ast.args;
    const literal = isField(left, variable, field) ? right : isField(right, variable, field) ? left : undefined;
    return literal && textsOf([literal]);
  }
  if (ast.op === 'in') {
    const [left, right] = ast.args;
    return isField(left, variable, field) && right.op === 'list' ? textsOf(right.args) : undefined;
  }
  return undefined;
}

const isField = (node: ASTNode, variable: string, field: string): boolean =>
  node.op === '.' && node.args[1] === field && node.args[0].op === 'id' && node.args[0].args === variable;

function textsOf(nodes: readonly ASTNode[]): ReadonlySet<string> | undefined {
  const words = nodes.flatMap((node) => (node.op === 'value' && typeof node.args === 'string' ? [node.args] : []));
  return words.length === nodes.length ? new Set(words) : undefined;
}
