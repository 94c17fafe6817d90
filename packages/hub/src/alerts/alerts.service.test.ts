import { eachDatabase } from '../../../../test/services/databases.ts';
import { alertsSuite } from './alerts.suite.ts';
import { channelsSuite } from './channels.suite.ts';
import { deliverSuite } from './deliver.suite.ts';

eachDatabase((_name, open) => {
  alertsSuite(open);
  deliverSuite(open);
  channelsSuite(open);
});
