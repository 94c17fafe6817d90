import { afterAll, describe } from 'vitest';
import { openSqliteForTest } from '../../../../test/services/databases.ts';
import { channelsSuite } from './channels.suite.ts';
import { deliverSuite } from './deliver.suite.ts';

describe('telling people', () => {
  const opened: Awaited<ReturnType<typeof openSqliteForTest>>[] = [];
  afterAll(async () => {
    for (const database of opened) await database.dispose();
  });
  const open = async () => {
    const database = await openSqliteForTest();
    opened.push(database);
    return database;
  };
  deliverSuite(open);
  channelsSuite(open);
});
