export type { IncomingSample } from './accept.ts';
export type { Point } from './bucket.ts';
export type { LatestNumber, SeriesInfo } from './find.ts';
export { sampleRoutes } from './routes.ts';
export { createSamples, type Samples } from './samples.ts';
