import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

/** When each target was asked, on this process's clock (ms), by its path. */
export type TargetLog = ReadonlyMap<string, readonly number[]>;

export type Targets = {
  url: string;
  names: readonly string[];
  log: TargetLog;
  /** Answers every further request by what this says of the target; 200 unless told otherwise. */
  answer(decide: (name: string) => number | 'hang'): void;
  /** Takes connections no more, as a machine that is gone; and does again. */
  vanish(): Promise<void>;
  appear(): Promise<void>;
  stop(): Promise<void>;
};

/** Many targets behind one port, each a path of its own, with a log of every visit. */
export async function startTargets(count: number): Promise<Targets> {
  const names = Array.from({ length: count }, (_, n) => `t${n}`);
  const log = new Map<string, number[]>(names.map((name) => [name, []]));
  let decide: (name: string) => number | 'hang' = () => 200;
  const reply = (response: ServerResponse, answer: number | 'hang') => {
    if (answer !== 'hang') response.writeHead(answer).end('ok');
  };
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    log.get(name)?.push(performance.now());
    reply(response, decide(name));
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const close = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return {
    url: `http://127.0.0.1:${port}`,
    names,
    log,
    answer(next) {
      decide = next;
    },
    vanish: close,
    appear: () => listen(port),
    stop: close,
  };
}

/** The time between visits of each target from `from` to `to` (ms): all gaps, those at both ends counted as they are. */
export function gapsOf(log: TargetLog, from: number, to: number): number[] {
  return [...log.values()].flatMap((all) => {
    const times = [from, ...all.filter((at) => at > from && at < to), to];
    return times.slice(1).map((at, i) => at - (times[i] ?? at));
  });
}

/** Pairs of visits to one target that are closer together than `closer` ms. */
export function doublesOf(log: TargetLog, from: number, to: number, closer: number): number {
  let doubles = 0;
  for (const all of log.values()) {
    const times = all.filter((at) => at > from && at < to);
    doubles += times.slice(1).filter((at, i) => at - (times[i] ?? 0) < closer).length;
  }
  return doubles;
}
