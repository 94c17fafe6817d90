import type { Detector } from '../facts.ts';
import { freshness } from './freshness.ts';
import { status } from './status.ts';
import { threshold } from './threshold.ts';

export type DetectorName = 'status' | 'freshness' | 'threshold';

/** Every detector of the house. */
export const DETECTORS = { status, freshness, threshold } satisfies Record<DetectorName, Detector>;
