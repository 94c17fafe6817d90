import type { IndexAdvice, ProblemKind, Severity } from '@orrery/protocol';
import type { Baseline } from './baseline.ts';
import type { Merged } from './merge.ts';

/** Everything that is judged of one project's performance. */
export type PerformanceFacts = {
  project: string;
  /** The last five minutes, and the five before them. */
  recent: Merged;
  before: Merged;
  usual: { routes: ReadonlyMap<string, Baseline>; statements: ReadonlyMap<string, Baseline> };
  /** Of each PostgreSQL that is probed: which share of its connections is in use, now and over the last minutes. */
  connections: readonly { service: string; percent: number; leastPercent: number }[];
  advice: readonly IndexAdvice[];
  /** What is told of it already. */
  firing: readonly { kind: ProblemKind; subject: string }[];
};

/** What is told of a problem. */
export type Said = { severity: Severity; title: string; description: string; recommendation: string };

/** A judge's word on one subject: of what it does not mention the facts do not tell, so it stays what it was. */
export type Word = { kind: ProblemKind; subject: string } & ({ state: 'bad'; said: Said } | { state: 'good' });

/** Pure: the same facts always give the same words. */
export type Judge = (facts: PerformanceFacts) => Word[];

/** A name that may be long, in one line. */
export const short = (text: string, most = 100): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
export const inMs = (ms: number): string => `${Number(ms.toPrecision(3))} ms`;
export const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;
