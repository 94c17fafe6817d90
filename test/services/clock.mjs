// Loaded into a hub under test: its wall clock shows what the file named by ORRERY_TEST_CLOCK says it is off by, in ms. The monotonic clock
// and all timers stay as they are, as when the clock of a machine is set.
import { readFileSync, watchFile } from 'node:fs';

const file = process.env.ORRERY_TEST_CLOCK ?? '';
const now = Date.now;
let off = 0;
const read = () => {
  off = Number(readFileSync(file, 'utf8'));
};
read();
watchFile(file, { interval: 50, persistent: false }, read);
const System = Date;
globalThis.Date = class extends System {
  constructor(...given) {
    if (given.length === 0) super(now() + off);
    else super(...given);
  }
  static now() {
    return now() + off;
  }
};
