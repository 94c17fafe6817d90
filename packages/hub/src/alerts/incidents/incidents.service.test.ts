import { eachDatabase } from '../../../../../test/services/databases.ts';
import { reopenSuite } from '../reopen.suite.ts';
import { dependenciesSuite } from './dependencies.suite.ts';
import { incidentsSuite } from './incidents.suite.ts';

eachDatabase((_name, open) => {
  dependenciesSuite(open);
  incidentsSuite(open);
  reopenSuite(open);
});
