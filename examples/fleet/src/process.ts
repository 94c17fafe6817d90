import type { Child } from './child.ts';
import type { ProductSlug, Release } from './shared/environment.ts';
import type { Fault } from './shared/faults.ts';

export type Product = {
  slug: ProductSlug;
  url: string;
  /** The process of the moment. */
  readonly pid: number;
  /** Whether its process lives. */
  readonly isRunning: boolean;
  /** The release of the moment, where another one than the first was deployed. */
  readonly version: string | undefined;
  /** Ends the process; nothing listens on its port then. */
  stop(): Promise<void>;
  /** Starts it again on the same port and the same database. */
  start(): Promise<void>;
  /** Ends the process as a crash does. */
  kill(): Promise<void>;
  /** Stop and start; of several who ask at once, each waits for the one before. */
  restart(): Promise<void>;
  /** Puts another release in place, which may be a bad one, and says so to the hub. */
  deploy(version: string, fault?: Fault): Promise<void>;
  /** Back to the release before, where one was deployed, and a fresh process in any case. */
  rollBack(): Promise<void>;
  /** `event` is sent first: the change that brings the fault. */
  fault(kind: Fault, event?: { type: string; data: object }): Promise<void>;
  /** The small troubles of an ordinary day, on or off. */
  noise(on: boolean): Promise<void>;
};

/** One product as a process that can be ended, started again and given another release. */
export async function startProduct(
  slug: ProductSlug,
  url: string,
  spawn: (env: Record<string, string>) => Promise<Child>,
  first: string,
): Promise<Product> {
  let release: Release | undefined;
  const begin = (isNew = false) => {
    const at = release?.at ?? first;
    return spawn({ FLEET_RELEASE: JSON.stringify({ ...release, at, isNew }) });
  };
  let child = await begin();
  let stopped = false;
  let turn: Promise<unknown> = Promise.resolve();
  const oneByOne = (work: () => Promise<void>): Promise<void> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const again = async (isNew = false) => {
    stopped = true;
    await child.stop();
    child = await begin(isNew);
    stopped = false;
  };
  const tell = async (body: object) => {
    const { controlPort, token } = child.ready;
    const response = await fetch(`http://127.0.0.1:${controlPort ?? 0}/__fault`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${slug} refused ${JSON.stringify(body)}: ${await response.text()}`);
  };
  return {
    slug,
    url,
    get pid() {
      return child.pid;
    },
    get isRunning() {
      return child.isRunning;
    },
    get version() {
      return release?.version;
    },
    async stop() {
      stopped = true;
      await child.stop();
    },
    async start() {
      if (!stopped) return;
      child = await begin();
      stopped = false;
    },
    kill: () => child.kill(),
    restart: () => oneByOne(() => again()),
    deploy: (version, fault = 'none') =>
      oneByOne(async () => {
        release = { version, fault, at: new Date().toISOString(), isNew: true };
        await again(true);
      }),
    rollBack: () =>
      oneByOne(async () => {
        release = undefined;
        await again();
      }),
    // Not while it is being started again.
    fault: (kind, event) => oneByOne(() => tell({ fault: kind, ...(event ? { event } : {}) })),
    noise: (noisy) => oneByOne(() => tell({ noisy })),
  };
}
