export {
  type AccountsConfig,
  accountRoutes,
  createAccounts,
  patternProblem,
} from './accounts/index.ts';
export { openGateway } from './gateway.ts';
export { kindOf } from './providers/index.ts';
