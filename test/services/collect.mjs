// Loaded into a hub under test: on SIGUSR2 it collects what nobody holds and says on stderr what is left.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
let asked = 0;
process.on('SIGUSR2', () => {
  collect();
  // What a finalizer lets go of, the second round takes.
  setImmediate(() => {
    collect();
    const { rss, heapUsed, external } = process.memoryUsage();
    const prototype = Object.getOwnPropertyNames(Object.prototype);
    asked += 1;
    process.stderr.write(`${JSON.stringify({ collected: { asked, rss, heapUsed, external, prototype } })}\n`);
  });
});
