import type { Generated } from 'kysely';

export type SeriesKind = 'number' | 'text';

export type SamplesTables = {
  series: {
    id: Generated<number>;
    project: string;
    key: string;
    /** '' when the sample belongs to the project as a whole. */
    service: string;
    /** Canonical JSON, '{}' when there are none. */
    tags: string;
    kind: SeriesKind;
    unit: string | null;
    active_at: number;
    last_at: number | null;
    last_value: number | null;
  };
  samples: { series_id: number; at: number; value: number; received_at: number };
  texts: { series_id: number; at: number; until: number; value: string };
  blocks: { series_id: number; kind: BlockKind; start: number; points: number; data: Uint8Array };
  hours: { series_id: number; start: number; data: Uint8Array };
};

/** What an hour's block holds: raw points beside minutes, minutes, raw points that are their own minutes. */
export const BLOCK = { raw: 0, minute: 1, sparse: 2 } as const;
export type BlockKind = (typeof BLOCK)[keyof typeof BLOCK];

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;
/** Hour buckets are kept in rows of this length: one more hour rewrites half a kilobyte at most. */
export const HOURS_SPAN = 6 * HOUR;
export const floorTo = (at: number, size: number): number => Math.floor(at / size) * size;
