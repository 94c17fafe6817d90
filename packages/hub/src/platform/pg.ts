import { createRequire } from 'node:module';
import type pg from 'pg';

const read = createRequire(import.meta.url);

/** The PostgreSQL client, read by those who first need it: most hubs hold SQLite and probe none. */
export const loadPg = (): typeof pg => read('pg');
