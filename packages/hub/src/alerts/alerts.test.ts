import { afterAll, describe } from 'vitest';
import { openSqliteForTest } from '../../../../test/services/databases.ts';
import { alertsSuite } from './alerts.suite.ts';

describe('alerts', () => {
  const opened: Awaited<ReturnType<typeof openSqliteForTest>>[] = [];
  afterAll(async () => {
    for (const database of opened) await database.dispose();
  });
  alertsSuite(async () => {
    const database = await openSqliteForTest();
    opened.push(database);
    return database;
  });
});
