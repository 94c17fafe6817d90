import { type Generated, type Selectable, sql } from 'kysely';

export type EventTables = {
  events: {
    seq: Generated<number>;
    id: string;
    at: number;
    type: string;
    /** Empty for what concerns no project. */
    project: string;
    service: string | null;
    title: string;
    data: string | null;
  };
};
export type EventRow = Selectable<EventTables['events']>;

/** Types that tell of something that was done; spelled as in its partial index, without parameters, so that the planner uses it. */
export const CHANGES = sql<boolean>`substr(type, 1, 5) IN ('deplo', 'relea', 'rollo', 'rollb', 'confi', 'featu', 'flag.', 'setti', 'migra', 'secre', 'scale')`;
