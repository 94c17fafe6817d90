import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export const FAULTS = ['none', 'down', 'slow', 'errors', 'hang', 'badjson', 'leak', 'statement'] as const;
export type Fault = (typeof FAULTS)[number];

export const isFault = (text: unknown): text is Fault => FAULTS.some((fault) => fault === text);

export type FaultSwitch = {
  readonly current: Fault;
  set(fault: Fault): Promise<void>;
  /** What a healthy product has on an ordinary day: answers that vary, one that fails here and there, pauses. */
  noisy: boolean;
  /** Lets go of what `leak` holds, as clearing a cache does; bytes released. */
  release(): Promise<number>;
  /** Called after each change; the server closes or opens its listener here. */
  onChange(fn: (fault: Fault) => Promise<void>): void;
};

const LEAK_STEP = 4 * 1024 * 1024;
const LEAK_LIMIT = 200 * 1024 * 1024;

/** Which fault a product shows at the moment. `leak` holds on to 4 MB every half second, up to 200 MB, and lets go when it ends. */
export function createFaultSwitch(): FaultSwitch {
  let current: Fault = 'none';
  let held: Buffer[] = [];
  let leaking: NodeJS.Timeout | undefined;
  const listeners: ((fault: Fault) => Promise<void>)[] = [];
  return {
    get current() {
      return current;
    },
    noisy: false,
    async set(fault) {
      current = fault;
      clearInterval(leaking);
      held = [];
      if (fault === 'leak') {
        leaking = setInterval(() => {
          if (held.length * LEAK_STEP < LEAK_LIMIT) held.push(Buffer.alloc(LEAK_STEP, 1));
        }, 500);
        leaking.unref();
      }
      for (const listener of listeners) await listener(fault);
    },
    async release() {
      const bytes = held.length * LEAK_STEP;
      if (current === 'leak') await this.set('none');
      collectGarbage();
      return bytes;
    },
    onChange: (fn) => void listeners.push(fn),
  };
}

/** What was let go of leaves the process now, and not when the collector comes to it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
