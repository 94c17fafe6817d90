export { docsFiles } from './docs.ts';
export { readEnvironment } from './environment.ts';
export { type FileConfig, readConfigFile } from './file.ts';
export { ConfigError, describeIssue, type Issue } from './issue.ts';
export { type Config, isLoopback, loadConfig } from './load.ts';
export { configRoutes } from './routes.ts';
export { fileSchema } from './schema.ts';
export { VARIABLE_NAMES, VARIABLES } from './variables.ts';
export { watchConfig } from './watch.ts';
