import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type Targets = {
  urls: string[];
  /** Makes one fail from now on; when that was, epoch ms. */
  fail(index: number): Promise<number>;
  /** Requests that came in so far. */
  served(): Promise<number>;
  stop(): void;
};

/** Starts `count` targets in a process of their own; the last `hanging` of them never answer. */
export async function startTargets(count: number, hanging = 0): Promise<Targets> {
  const child = fork(
    fileURLToPath(new URL('./targets.process.ts', import.meta.url)),
    [String(hanging === 0 ? -1 : count - hanging)],
    { execArgv: process.execArgv },
  );
  const answer = async <T>(is: (message: Record<string, unknown>) => boolean): Promise<T> => {
    for (;;) {
      const [message] = await once(child, 'message');
      if (is(message)) return message as T;
    }
  };
  const { port } = await answer<{ port: number }>((message) => 'port' in message);
  return {
    urls: Array.from({ length: count }, (_, i) => `http://127.0.0.1:${port}/t/${i}`),
    async fail(index) {
      const told = answer<{ at: number }>((message) => message.failed === index);
      child.send({ fail: index });
      return (await told).at;
    },
    async served() {
      const told = answer<{ served: number }>((message) => 'served' in message);
      child.send({ count: true });
      return (await told).served;
    },
    stop: () => void child.disconnect(),
  };
}
