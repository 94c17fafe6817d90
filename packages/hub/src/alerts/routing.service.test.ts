import { eachDatabase } from '../../../../test/services/databases.ts';
import { holdsSuite } from './holds.suite.ts';
import { repairSuite } from './repair.suite.ts';
import { routingSuite } from './routing.suite.ts';

eachDatabase((_name, open) => {
  routingSuite(open);
  holdsSuite(open);
  repairSuite(open);
});
