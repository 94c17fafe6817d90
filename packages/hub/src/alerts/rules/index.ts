export { ruleProblems } from './compile.ts';
export { RULE_EXAMPLES } from './examples.ts';
export { ruleRoutes } from './routes.ts';
export { createRules, type DeclaredRule } from './rules.ts';
export { tryRule } from './try.ts';
