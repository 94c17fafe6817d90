import { eachDatabase } from '../../../../test/services/databases.ts';
import { diagnosisSuite } from './diagnosis.suite.ts';

eachDatabase((_name, open) => diagnosisSuite(open));
