export { ruleProblems } from './compile.ts';
export { ruleRoutes } from './routes.ts';
export { createRules, type DeclaredRule, type Rules } from './rules.ts';
