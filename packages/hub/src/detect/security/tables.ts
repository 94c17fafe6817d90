import type { Selectable } from 'kysely';

export type SecurityTables = {
  security_incidents: {
    id: string;
    project: string;
    family: string;
    rule: string;
    route: string;
    place: string;
    actor: string;
    fingerprint: string;
    total: number;
    passed: number;
    refused: number;
    failed: number;
    first_at: number;
    last_at: number;
  };
  security_counts: { incident: string; bucket: number; attacks: number };
};
export type IncidentRow = Selectable<SecurityTables['security_incidents']>;
