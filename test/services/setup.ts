import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Administrator's URL of the one PostgreSQL that all service suites share; each suite makes its own database in it. */
    postgresUrl: string;
  }
}

/** Starts what the service suites share, and stops it after the last of them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  project.provide('postgresUrl', postgres.url);
  return () => postgres.stop();
}
