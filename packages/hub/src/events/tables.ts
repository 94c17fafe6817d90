import type { Generated, Selectable } from 'kysely';

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
