export { createDetect, type Detect } from './detect.ts';
export type { ProbeFact, RuleFact, TrendFact } from './facts.ts';
export type { Finding } from './finding.ts';
export { forecastRoutes } from './forecast/routes.ts';
export { HUB_PROJECT } from './isolation.ts';
export { createPerformance, type Improvement, type Performance, performanceRoutes } from './performance/index.ts';
export { detectRoutes } from './routes.ts';
