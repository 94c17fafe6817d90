import type { Detector } from '../facts.ts';
import { attack } from './attack.ts';
import { expiry } from './expiry.ts';
import { forecast } from './forecast.ts';
import { freshness } from './freshness.ts';
import { logs } from './logs.ts';
import { performance } from './performance.ts';
import { rule } from './rule.ts';
import { spike } from './spike.ts';
import { status } from './status.ts';
import { threshold } from './threshold.ts';
import { trend } from './trend.ts';

export type DetectorName =
  | 'status'
  | 'freshness'
  | 'threshold'
  | 'logs'
  | 'expiry'
  | 'rule'
  | 'trend'
  | 'spike'
  | 'forecast'
  | 'attack'
  | 'performance';

/** Every detector of the house. */
export const DETECTORS = {
  status,
  freshness,
  threshold,
  logs,
  expiry,
  rule,
  trend,
  spike,
  forecast,
  attack,
  performance,
} satisfies Record<DetectorName, Detector>;
