export {
  type AccountsConfig,
  accountRoutes,
  createAccounts,
  patternProblem,
} from './accounts/index.ts';
