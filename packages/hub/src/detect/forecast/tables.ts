import type { Choice } from './outcome.ts';

export type ForecastRow = {
  series_id: number;
  project: string;
  key: string;
  /** '' when the series belongs to the project as a whole. */
  service: string;
  /** Canonical JSON, '{}' when there are none. */
  tags: string;
  unit: string | null;
  state: 'ready' | 'not_enough_data' | 'failed';
  reason: string | null;
  tried_at: number;
  made_at: number | null;
  data_until: number | null;
  chosen_at: number | null;
  /** A `Choice` as JSON. */
  choice: string | null;
  /** A `Path` as JSON. */
  path: string | null;
};
export type ForecastTables = { forecasts: ForecastRow };

/** The hours ahead, the first one beginning at `data_until`. `recent` are the last hours that were measured, the newest last. */
export type Path = { point: number[]; lower: number[]; upper: number[]; recent: number[] };

export const choiceOf = (row: Pick<ForecastRow, 'choice'>): Choice | undefined =>
  row.choice === null ? undefined : (JSON.parse(row.choice) as Choice);
export const readPath = (row: Pick<ForecastRow, 'path'>): Path | undefined =>
  row.path === null ? undefined : (JSON.parse(row.path) as Path);
