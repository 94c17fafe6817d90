import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { EcosystemGraph } from '@orrery/protocol';
import type { Log } from '../../platform/log.ts';
import type { Place, Topology } from './arrange.ts';

/** A first look waits this long for its places; whoever asks again has them. */
const PATIENCE_MS = 1500;
const LONGEST_MS = 60_000;
/** Callers who see different projects have different maps. */
const KEPT = 32;
/** More than this are arranged by no map that anybody could read. */
const MOST = 20_000;

export type Layout = ReturnType<typeof createLayout>;

/** Where projects stand on the map: reckoned in a thread of its own, once for each topology, and kept. */
export function createLayout({ log }: { log: Log }) {
  const known = new Map<string, ReadonlyMap<string, Place>>();
  const asked = new Map<string, Promise<void>>();
  const workers = new Set<Worker>();
  let turn: Promise<void> = Promise.resolve();

  async function reckon(key: string, topology: Topology): Promise<void> {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    workers.add(worker);
    // A map that is not finished is no reason to go on living.
    worker.unref();
    const timer = setTimeout(() => void worker.terminate(), LONGEST_MS).unref();
    try {
      const places = await new Promise<ReadonlyMap<string, Place> | undefined>((resolve, reject) => {
        worker.once('message', resolve).once('error', reject);
        worker.once('exit', () => resolve(undefined));
        worker.postMessage(topology);
      });
      if (!places) return;
      known.set(key, places);
      const oldest = known.keys().next().value;
      if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
    } catch (error) {
      log.warn(
        { err: error, projects: topology.nodes.length },
        'the map could not be laid out; it is served without places',
      );
    } finally {
      clearTimeout(timer);
      workers.delete(worker);
      void worker.terminate();
    }
  }

  /** The graph with a place for each project; without places when the first reckoning of this topology takes too long. */
  async function placed(graph: EcosystemGraph): Promise<EcosystemGraph> {
    if (graph.nodes.length === 0 || graph.nodes.length > MOST) return graph;
    const key = keyOf(graph);
    if (!known.has(key)) {
      let work = asked.get(key);
      if (!work) {
        // One at a time: several topologies at once must not take all of a small machine.
        work = turn.then(() => reckon(key, topologyOf(graph))).finally(() => asked.delete(key));
        turn = work;
        asked.set(key, work);
      }
      await Promise.race([work, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]);
    }
    const places = known.get(key);
    if (!places) return graph;
    return {
      ...graph,
      nodes: graph.nodes.map((node) => {
        const position = places.get(node.id);
        return position ? { ...node, position } : node;
      }),
    };
  }

  return {
    placed,
    async close(): Promise<void> {
      await Promise.all([...workers].map((worker) => worker.terminate()));
    },
  };
}

function topologyOf({ nodes, edges }: EcosystemGraph): Topology {
  return {
    nodes: nodes.map(({ id, domain }) => ({ id, domain: domain ?? '' })),
    edges: edges.map(({ from, to }) => [from, to] as const),
  };
}

/** A text that is another one when a project or an edge comes or goes; figures change nothing. */
function keyOf({ nodes, edges }: EcosystemGraph): string {
  const hash = createHash('sha1');
  hash.update(nodes.map(({ id, domain }) => `${id}\n${domain ?? ''}`).join('\n'));
  hash.update('\0');
  hash.update(edges.map(({ from, to }) => `${from}\n${to}`).join('\n'));
  return hash.digest('base64');
}
