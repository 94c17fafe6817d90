import type { Selectable } from 'kysely';

export type AiTables = {
  /** Keys that are left alone: a breaker that is open, or a Retry-After. */
  ai_rests: { provider: string; key_id: string; until: number; hub: string; at: number };
  leads: {
    id: string;
    at: number;
    tenant: string | null;
    project: string | null;
    source: 'call' | 'event';
    source_id: string;
    fields: string;
  };
};
export type LeadRow = Selectable<AiTables['leads']>;
